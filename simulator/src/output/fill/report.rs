//! What was filled, and what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::run::{CurveReport, RunReport};
use crate::fill::{Experiment, Finished};
use crate::output::ExperimentHead;
use crate::placement::Reason;
use crate::policy::Choice;
use crate::runs::Shard;
use crate::stats::Spread;
use crate::workload::{Arrive, Workload};

/// The result of `gpulse-sim fill`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which program made it, on which cluster and pods.
    #[serde(flatten)]
    pub head: ExperimentHead,
    /// How much demand arrives, as a multiple of the cluster's GPUs.
    pub arrive: Arrive,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Which part of the runs this is.
    pub shard: Shard,
    /// Whether it was stopped before all runs were done.
    pub partial: bool,
    /// What came of each strategy.
    pub strategies: Vec<StrategyReport>,
}

/// What came of a strategy. It is read from its runs: the means are made of them again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "StrategyRuns")]
pub struct StrategyReport {
    /// Its name.
    pub name: String,
    /// Over its runs, for each percent of arrived demand.
    pub points: Vec<PointReport>,
    /// Each run.
    pub runs: Vec<RunReport>,
    /// All its runs, one after the other.
    #[serde(skip)]
    pub took: Duration,
}

/// As much of a strategy's report as the rest follows from.
#[derive(Deserialize)]
struct StrategyRuns {
    name: String,
    runs: Vec<RunReport>,
}

/// Several runs at one percent of arrived demand.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PointReport {
    /// The percent.
    pub arrived_pct: u32,
    /// How many of the runs went so far.
    pub runs: usize,
    /// GPUs in use, in percent of all.
    pub allocation_pct: Spread,
    /// Idle GPUs that the typical pods cannot use, in percent of all.
    pub fragmentation_pct: Spread,
    /// Pods that had found no place so far, by reason; reasons that stopped none are left out.
    pub failed: BTreeMap<String, Spread>,
}

impl Report {
    /// Of the runs that were finished; fewer than there were to be make it partial.
    #[must_use]
    pub fn of(workload: &Workload, experiment: &Experiment, finished: &[Finished]) -> Self {
        let strategy = |policy: &Choice| {
            let own = || finished.iter().filter(|run| run.id.policy.name() == policy.name());
            let took = own().map(|run| run.took).sum();
            let runs = own().map(RunReport::of).collect();
            StrategyReport { took, ..StrategyReport::of(policy.name(), runs) }
        };
        Self {
            head: ExperimentHead::of("fill", workload, None),
            arrive: experiment.arrive,
            seeds: experiment.seeds.clone(),
            shard: experiment.shard,
            partial: finished.len() < experiment.runs().len(),
            strategies: experiment.policies.iter().map(strategy).collect(),
        }
    }
}

impl TryFrom<StrategyRuns> for StrategyReport {
    type Error = String;

    fn try_from(StrategyRuns { name, runs }: StrategyRuns) -> Result<Self, String> {
        match runs.iter().find(|run| !run.curve.is_even()) {
            Some(run) => Err(format!("{name}, seed {}: the columns of the curve differ in length", run.seed)),
            None => Ok(Self::of(&name, runs)),
        }
    }
}

impl StrategyReport {
    /// Of its runs, whose times nobody knows.
    fn of(name: &str, runs: Vec<RunReport>) -> Self {
        let mut by_percent: BTreeMap<u32, Vec<At<'_>>> = BTreeMap::new();
        for curve in runs.iter().map(|run| &run.curve) {
            for (place, percent) in curve.arrived_pct.iter().enumerate() {
                by_percent.entry(*percent).or_default().push(At { curve, place });
            }
        }
        let points =
            by_percent.into_iter().map(|(percent, points)| PointReport::of(percent, &points)).collect();
        Self { name: name.into(), points, runs, took: Duration::ZERO }
    }

    /// The point at this percent of arrived demand.
    #[must_use]
    pub fn at(&self, arrived_pct: u32) -> Option<&PointReport> {
        self.points.iter().find(|point| point.arrived_pct == arrived_pct)
    }
}

/// A place on a run's curve.
struct At<'a> {
    curve: &'a CurveReport,
    place: usize,
}

impl PointReport {
    fn of(arrived_pct: u32, points: &[At<'_>]) -> Self {
        let spread =
            |value: &dyn Fn(&At<'_>) -> f64| Spread::of(&points.iter().map(value).collect::<Vec<_>>());
        let stopped =
            |at: &At<'_>, reason: Reason| at.curve.failed.get(reason.name()).map_or(0, |pods| pods[at.place]);
        let failed = |reason: Reason| {
            let some = points.iter().any(|at| stopped(at, reason) > 0);
            some.then(|| (reason.name().to_owned(), spread(&|at| stopped(at, reason) as f64)))
        };
        Self {
            arrived_pct,
            runs: points.len(),
            allocation_pct: spread(&|at| at.curve.allocation_pct[at.place]),
            fragmentation_pct: spread(&|at| at.curve.fragmentation_pct[at.place]),
            failed: Reason::ALL.into_iter().filter_map(failed).collect(),
        }
    }
}
