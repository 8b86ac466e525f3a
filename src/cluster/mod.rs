//! The nouns: what a cluster is made of, in types that cannot be misread.
//!
//! ```text
//! Kubernetes objects --(kubernetes)--> NodeFacts, PodRequest --+
//!                                                              +--(Assembly)--> Snapshot
//! measurements ----------------------> Gpu --------------------+
//! ```
//!
//! Everything here is a pure value. Quantities are integers with their unit in the type, a measurement carries its
//! source and the time it was taken, and a missing one is `None`, never zero. Nothing in this room knows a socket, a
//! clock or a thread: time enters as [`Timestamp`].

mod assembly;
mod change;
mod gaps;
mod gpu;
mod journal;
pub mod kubernetes;
mod mix;
mod model;
mod names;
mod node;
mod period;
mod pod;
mod pool;
mod quantity;
mod rehearsal;
mod resource;
mod saved;
mod snapshot;
mod units;

pub use assembly::{Assembly, Board, Samples};
pub use change::{Change, Replica};
pub use gaps::{Devices, Gaps};
pub use gpu::{Confidence, Freshness, FreshnessPolicy, Gpu, Health, MigInstance, Source, Utilization};
pub use journal::Journal;
pub use kubernetes::ObjectError;
pub use mix::{Mix, Wish};
pub use model::{Model, ModelPattern};
pub use node::{Node, NodeFacts};
pub use period::{Period, PeriodError};
pub use pod::{BoundPod, GpuDemand, Hold, PodKey, PodRequest};
pub use pool::{Load, LoadBasis, Pool, PoolFacts, PoolKind};
pub use quantity::{Quantity, QuantityError};
pub use rehearsal::Rehearsal;
pub use resource::GpuResources;
pub use saved::SavedSnapshotError;
pub use snapshot::{BLOCK, Lineage, Slot, Snapshot, Version};
pub use units::{Mib, MilliCpu, MilliGpu, PerMille, Timestamp};
