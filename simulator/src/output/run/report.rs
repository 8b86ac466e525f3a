//! What was run, and what came of it.

use serde::{Deserialize, Serialize};

use super::strategy::StrategyReport;
use crate::output::ExperimentHead;
use crate::policy::Choice;
use crate::run::{Arrivals, Burst, Discipline, Experiment, Extent, Finished, Traffic};
use crate::runs::Shard;
use crate::workload::{Arrive, Workload};

/// The result of `gpulse-sim run`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which program made it, on which cluster and pods.
    #[serde(flatten)]
    pub head: ExperimentHead,
    /// How they came and ran.
    pub traffic: TrafficReport,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Which part of the runs this is.
    pub shard: Shard,
    /// Whether the runs of the first seed say what each node did.
    pub node_timeline: bool,
    /// Whether it was stopped before all runs were done.
    pub partial: bool,
    /// What came of each strategy.
    pub strategies: Vec<StrategyReport>,
}

/// How pods came, ran and waited, and what of it was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficReport {
    /// `poisson` or `trace`.
    pub arrivals: String,
    /// How much they ask for, as a multiple of the cluster's GPUs; none where arrivals are a trace's.
    pub load: Option<Arrive>,
    /// How many equal pods come together: a number, or `geometric:` and their mean number; none where each comes alone.
    pub burst: Option<String>,
    /// By which part of its mean the rate of arrivals swings over the day; zero where it does not.
    pub daily: f64,
    /// By which part of their mean the rates of small and of large pods swing over the day, one against the other.
    pub drift: f64,
    /// How long they run.
    pub lives: String,
    /// `fifo` or `backfill`.
    pub queue: String,
    /// How many of those that wait are tried when a pod leaves; none with `fifo`.
    pub backfill_depth: Option<usize>,
    /// Whether pods of a higher priority go before others.
    pub priorities: bool,
    /// When measuring began, in seconds.
    pub warm_up_s: f64,
    /// How many pods were to be counted; none where the time was given.
    pub pods_counted: Option<u64>,
    /// For how long was to be measured, in seconds; none where the number of pods was given, and for a whole trace.
    pub horizon_s: Option<f64>,
}

impl Report {
    /// Of the runs that were finished; fewer than there were to be make it partial.
    #[must_use]
    pub fn of(
        workload: &Workload,
        traffic: &Traffic,
        experiment: &Experiment,
        finished: &[Finished],
    ) -> Self {
        let strategy = |policy: &Choice| StrategyReport::finished(*policy, workload, finished);
        Self {
            head: ExperimentHead::of("run", workload, Some(traffic)),
            traffic: TrafficReport::of(traffic),
            seeds: experiment.seeds.clone(),
            shard: experiment.shard,
            node_timeline: experiment.node_timeline,
            partial: finished.len() < experiment.runs().len(),
            strategies: experiment.policies.iter().map(strategy).collect(),
        }
    }
}

impl TrafficReport {
    fn of(traffic: &Traffic) -> Self {
        let plan = traffic.plan();
        let (queue, backfill_depth) = match plan.queue {
            Discipline::Fifo => ("fifo", None),
            Discipline::Backfill { depth } => ("backfill", Some(depth)),
        };
        Self {
            arrivals: plan.arrivals.to_string(),
            load: if let Arrivals::Poisson(load) = plan.arrivals { Some(load) } else { None },
            burst: (plan.rhythm.burst != Burst::default()).then(|| plan.rhythm.burst.to_string()),
            daily: plan.rhythm.daily.ratio(),
            drift: plan.rhythm.drift.ratio(),
            lives: plan.lives.to_string(),
            queue: queue.into(),
            backfill_depth,
            priorities: plan.priorities,
            warm_up_s: traffic.warm_up_ms() as f64 / 1000.0,
            pods_counted: if let Extent::Pods(pods) = plan.extent { Some(pods) } else { None },
            horizon_s: if let Extent::Millis(ms) = plan.extent { Some(ms as f64 / 1000.0) } else { None },
        }
    }
}
