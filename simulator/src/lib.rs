//! The simulator's room: capacity planning offline, on `gpulse::cluster` and `gpulse::placement` only.
//!
//! ```text
//! tables, snapshots --(input)--> rows --(workload)--> Cluster, classes of pods
//!                                                  |
//!                              (fill: arrivals, one after the other)
//!                                                  v
//!            policy --choose--> Rehearsal --(fragmentation)--> Curve --(stats)--> output
//!                                   ^
//!             (run: arrivals, queue, departures) --> Record --(meter)--> Outcome --(stats)--> output
//!
//! results in JSON --(merge)--> output
//! cluster, pods --(plan: settle, then ask)--> answers --> output
//!
//! kubectl's JSON, openb, Philly, any CSV --(import)--> snapshots, traces
//! snapshot, trace --(place: one pod after the other)--> Placement --> output
//! recording --(replay: each decision again)--> Difference --> output
//! ```
//!
//! Nothing here knows a socket or the wall clock. The same input, version and seed give the same bytes, on any number
//! of threads: a run is a pure function of workload, policy and seed, and results stand in the order of the runs.

pub use gpulse::{cluster, placement};

pub mod cli;
mod draw;
pub mod fill;
pub mod fragmentation;
pub mod import;
pub mod input;
pub mod merge;
pub mod output;
mod parallel;
pub mod place;
pub mod plan;
pub mod policy;
pub mod replay;
pub mod run;
pub mod runs;
pub mod stats;
mod stopwatch;
pub mod workload;
