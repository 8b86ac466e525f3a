//! The HTTP edge: kube-scheduler's extender protocol on one port, people and Prometheus on another.
//!
//! ```text
//! POST /filter, /prioritize --> wire --> Extender::answer --> placement --> wire --> reply
//!                                              |
//!                                              +--> Decisions, Metrics --> admin port
//! ```
//!
//! [`Extender::answer`] takes bytes and returns bytes: no socket, no runtime. The routers wrap it, and [`Bound`] puts
//! them on the network. Health and vitals of other rooms come as plain data ([`Check`], [`Vitals`]).

mod admin;
mod answer;
mod config;
mod decisions;
mod explain;
mod metrics;
mod process;
mod profiles;
mod record;
mod recorder;
mod routes;
mod serve;
mod summary;
mod tls;
mod vitals;
pub mod wire;

pub use admin::{Admin, Check, admin_router};
pub use answer::{Extender, Outcome, Picture, Reply, Verb};
pub use config::{AdminConfig, ExtenderConfig, ListenAddress, TlsConfig};
pub use decisions::{Decisions, MAX_BYTES, MAX_DECISIONS};
pub use explain::{ExplainReply, Origin};
pub use profiles::{DEFAULT_PROFILE, NamespaceDefault, Profiles, ProfilesError, UnknownProfile};
pub use record::Decision;
pub use routes::router;
pub use serve::{Bound, ServeError};
pub use summary::{DecisionSummary, Leader};
pub use tls::TlsError;
pub use vitals::{ClusterVitals, TelemetryMode, TelemetryVitals, Vitals};
