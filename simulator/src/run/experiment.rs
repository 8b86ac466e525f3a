//! Many runs, on many threads.

use super::engine::simulate;
use super::meter::{Meter, Outcome};
use super::traffic::Traffic;
use crate::fragmentation::{Measure, Mix};
use crate::parallel;
use crate::policy::{Choice, Stage};
use crate::runs::{self, RunId, Shard};
use crate::stopwatch::Stopwatch;
use crate::workload::Workload;

/// Which runs there are to be.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// The policies.
    pub policies: Vec<Choice>,
    /// The seeds, each with every policy: all of them meet the same pods.
    pub seeds: Vec<u64>,
    /// Which part of the runs.
    pub shard: Shard,
    /// Whether each node is measured, too: for the first seed, since there is much of it.
    pub node_timeline: bool,
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
/// each, `done` is told. The result is in the order of the runs, and lacks those that were not begun.
pub fn experiment(
    workload: &Workload,
    traffic: &Traffic,
    experiment: &Experiment,
    jobs: usize,
    goes_on: &(dyn Fn() -> bool + Sync),
    done: &(dyn Fn(&RunId) + Sync),
) -> Vec<Finished> {
    let measure = Measure::of(workload, &Mix::typical(workload));
    parallel::in_order(&experiment.runs(), jobs, goes_on, done, |id| {
        let watch = Stopwatch::start();
        let schedule = traffic.schedule(id.seed);
        let mut meter = Meter::new(workload, &schedule);
        if experiment.node_timeline && experiment.seeds.first() == Some(&id.seed) {
            meter = meter.with_nodes();
        }
        let stage = Stage { workload, measure: &measure, seed: id.seed };
        simulate(stage, id.policy, &schedule.pods, traffic.plan().queue, |record| meter.note(&record));
        Finished { id: *id, outcome: meter.finish(), took: watch.elapsed() }
    })
}
