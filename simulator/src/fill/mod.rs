//! Filling a cluster pod by pod until it is over-full: the experiment of the FGD paper (section 6).
//!
//! A run is one policy on one seed's pods. Runs do not know of each other; [`experiment`] spreads them over threads
//! and puts the results in order.

mod curve;
mod experiment;
mod refusals;
mod run;

pub use curve::{Curve, Point};
pub use experiment::{Experiment, Finished, experiment};
pub use refusals::Failures;
pub use run::{Outcome, run};
