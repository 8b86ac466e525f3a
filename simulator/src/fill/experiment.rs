//! Many runs, on many threads.

use super::run::{Outcome, run};
use crate::fragmentation::{Measure, Mix};
use crate::parallel;
use crate::policy::Choice;
use crate::runs::{self, RunId, Shard};
use crate::stopwatch::Stopwatch;
use crate::workload::{Arrive, Workload};

/// Which runs there are to be.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// The policies.
    pub policies: Vec<Choice>,
    /// The seeds, each with every policy.
    pub seeds: Vec<u64>,
    /// How much demand arrives.
    pub arrive: Arrive,
    /// Which part of the runs.
    pub shard: Shard,
}

/// A run and what came of it.
pub type Finished = runs::Finished<Outcome>;

impl Experiment {
    /// The runs of the shard, by policy and then by seed.
    #[must_use]
    pub fn runs(&self) -> Vec<RunId> {
        RunId::each(&self.policies, &self.seeds, self.shard)
    }
}

/// Carries out the runs on `jobs` threads. Before each run `goes_on` is asked whether there is to be another one; after
/// each, `done` is told. The result is in the order of the runs, whichever thread had them, and lacks those that were
/// not begun.
pub fn experiment(
    workload: &Workload,
    experiment: &Experiment,
    jobs: usize,
    goes_on: &(dyn Fn() -> bool + Sync),
    done: &(dyn Fn(&RunId) + Sync),
) -> Vec<Finished> {
    let measure = Measure::of(workload, &Mix::typical(workload));
    parallel::in_order(&experiment.runs(), jobs, goes_on, done, |id| {
        let watch = Stopwatch::start();
        let outcome = run(workload, &measure, id.policy, id.seed, experiment.arrive);
        Finished { id: *id, outcome, took: watch.elapsed() }
    })
}
