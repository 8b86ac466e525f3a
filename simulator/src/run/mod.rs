//! A cluster in time: pods come, wait, run for their lives and leave.
//!
//! ```text
//! Traffic --(seed)--> Schedule --(simulate: queue, policy)--> Record, Record, .. --(Meter)--> Outcome
//! ```
//!
//! Events have a total order: by time in whole milliseconds, then departures before arrivals, then departures in the
//! order in which the pods started and arrivals in the order of the schedule. [`simulate`] is pure: it tells what
//! happens, and whoever listens measures.

mod engine;
mod experiment;
mod hopeless;
mod lives;
mod meter;
mod node_meter;
mod queue;
mod rhythm;
mod schedule;
mod size;
mod traffic;
mod unfit;
mod waits;
mod world;

pub use engine::{Record, What, simulate};
pub use experiment::{Experiment, Finished, experiment};
pub use lives::{Lives, LivesError};
pub use meter::{Meter, Moment, Outcome, SAMPLES};
pub use node_meter::BUCKETS;
pub use queue::Discipline;
pub use rhythm::{Burst, BurstError, Rhythm, Swing, SwingError};
pub use schedule::{Coming, Schedule};
pub use size::Size;
pub use traffic::{Arrivals, Extent, Plan, Traffic, TrafficError};
pub use waits::WaitTimes;
