//! The Kubernetes edge: watches nodes, pods and namespaces, and keeps the [`Board`](crate::cluster::Board) true.
//!
//! ```text
//! API server --(watched: trimmed)--> changes --(Index: pure)--> Assembly --(Board)--> Snapshot
//! ```
//!
//! Objects are trimmed while they are parsed and read as they arrive; nothing of the wire's shape is kept. Whatever
//! happens to the API server or the connection, what is known stays in use until something newer is known.

mod config;
mod index;
mod link;
mod names;
mod status;
mod watch;
mod watched;

pub use config::{CacheError, KubernetesConfig, connect};
pub use index::{Index, ProfilesByNamespace};
pub use status::{CacheStatus, Connection, WatchStatus};
pub use watch::{CacheHandle, NamespaceProfiles, Stopped, start};
