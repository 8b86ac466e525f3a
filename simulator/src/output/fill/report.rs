//! What was filled, and what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::fill::{Curve, Experiment, Failures, Finished, Point};
use crate::output::ExperimentHead;
use crate::placement::Reason;
use crate::policy::Choice;
use crate::stats::Spread;
use crate::workload::{Arrive, Workload};

/// The result of `gpulse-sim fill`.
#[derive(Debug, Clone, Serialize)]
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
    pub shard: String,
    /// Whether it was stopped before all runs were done.
    pub partial: bool,
    /// What came of each strategy.
    pub strategies: Vec<StrategyReport>,
}

/// What came of a strategy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyReport {
    /// Its name.
    pub name: &'static str,
    /// Over its runs, for each percent of arrived demand.
    pub points: Vec<PointReport>,
    /// Each run.
    pub runs: Vec<RunReport>,
    /// All its runs, one after the other.
    #[serde(skip)]
    pub took: Duration,
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
    pub failed: BTreeMap<&'static str, Spread>,
}

/// A run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Its seed.
    pub seed: u64,
    /// Pods that came.
    pub pods: u64,
    /// Pods that found a place.
    pub placed: u64,
    /// GPUs in use at the end, in thousandths.
    pub allocated_milli: u64,
    /// Pods that found no place, by reason.
    pub failed: BTreeMap<&'static str, u64>,
    /// How it went.
    pub curve: CurveReport,
}

/// A run's points, column by column.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CurveReport {
    /// Percents of arrived demand.
    pub arrived_pct: Vec<u32>,
    /// GPUs in use, in percent of all.
    pub allocation_pct: Vec<f64>,
    /// Idle GPUs that the typical pods cannot use, in percent of all.
    pub fragmentation_pct: Vec<f64>,
    /// Pods that had found no place so far, by reason.
    pub failed: BTreeMap<&'static str, Vec<u64>>,
}

impl Report {
    /// Of the runs that were finished; fewer than there were to be make it partial.
    #[must_use]
    pub fn of(workload: &Workload, experiment: &Experiment, finished: &[Finished]) -> Self {
        let strategy = |policy: &Choice| StrategyReport::of(*policy, finished);
        Self {
            head: ExperimentHead::of("fill", workload),
            arrive: experiment.arrive,
            seeds: experiment.seeds.clone(),
            shard: experiment.shard.to_string(),
            partial: finished.len() < experiment.runs().len(),
            strategies: experiment.policies.iter().map(strategy).collect(),
        }
    }
}

impl StrategyReport {
    fn of(policy: Choice, finished: &[Finished]) -> Self {
        let own: Vec<&Finished> =
            finished.iter().filter(|run| run.id.policy.name() == policy.name()).collect();
        let mut by_percent: BTreeMap<u32, Vec<&Point>> = BTreeMap::new();
        for point in own.iter().flat_map(|run| run.outcome.curve.points()) {
            by_percent.entry(point.arrived_pct).or_default().push(point);
        }
        Self {
            name: policy.name(),
            points: by_percent
                .into_iter()
                .map(|(percent, points)| PointReport::of(percent, &points))
                .collect(),
            runs: own.iter().map(|run| RunReport::of(run)).collect(),
            took: own.iter().map(|run| run.took).sum(),
        }
    }

    /// The point at this percent of arrived demand.
    #[must_use]
    pub fn at(&self, arrived_pct: u32) -> Option<&PointReport> {
        self.points.iter().find(|point| point.arrived_pct == arrived_pct)
    }
}

impl PointReport {
    fn of(arrived_pct: u32, points: &[&Point]) -> Self {
        let spread = |value: &dyn Fn(&Point) -> f64| {
            Spread::of(&points.iter().map(|point| value(point)).collect::<Vec<_>>())
        };
        let failed = |reason: Reason| {
            let stopped = points.iter().any(|point| point.failures.of(reason) > 0);
            stopped.then(|| (reason.name(), spread(&|point| point.failures.of(reason) as f64)))
        };
        Self {
            arrived_pct,
            runs: points.len(),
            allocation_pct: spread(&|point| point.allocation_pct),
            fragmentation_pct: spread(&|point| point.fragmentation_pct),
            failed: Reason::ALL.into_iter().filter_map(failed).collect(),
        }
    }
}

impl RunReport {
    fn of(run: &Finished) -> Self {
        let outcome = &run.outcome;
        let failures = &outcome.failures;
        Self {
            seed: run.id.seed,
            pods: outcome.pods,
            placed: outcome.placed,
            allocated_milli: outcome.allocated_milli,
            failed: reasons(failures).map(|reason| (reason.name(), failures.of(reason))).collect(),
            curve: CurveReport::of(&outcome.curve, failures),
        }
    }
}

impl CurveReport {
    fn of(curve: &Curve, failures: &Failures) -> Self {
        let points = || curve.points().iter();
        let failed = |reason| points().map(|point| point.failures.of(reason)).collect();
        Self {
            arrived_pct: points().map(|point| point.arrived_pct).collect(),
            allocation_pct: points().map(|point| point.allocation_pct).collect(),
            fragmentation_pct: points().map(|point| point.fragmentation_pct).collect(),
            failed: reasons(failures).map(|reason| (reason.name(), failed(reason))).collect(),
        }
    }
}

/// The reasons that stopped a pod.
fn reasons(failures: &Failures) -> impl Iterator<Item = Reason> {
    Reason::ALL.into_iter().filter(|reason| failures.of(*reason) > 0)
}
