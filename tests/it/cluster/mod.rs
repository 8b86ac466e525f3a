//! The nouns: what is read from Kubernetes and telemetry, and what a snapshot makes of it.

mod assembly;
mod change;
mod freshness;
mod list;
mod model;
mod node_facts;
mod pod_request;
mod pool;
mod quantity;
mod rehearsal;
mod saved;
