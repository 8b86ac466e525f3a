//! What came of a strategy, over its runs.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::metrics::Metrics;
use crate::cluster::Node;
use crate::policy::Choice;
use crate::run::{BUCKETS, Finished, SAMPLES};
use crate::stats::{Spread, rounded};
use crate::workload::{Workload, gpus};

/// What came of a strategy. It is read from its runs: the means are made of them again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "StrategyRuns")]
pub struct StrategyReport {
    /// Its name.
    pub name: String,
    /// Means over its runs.
    #[serde(flatten)]
    pub metrics: Metrics<Spread>,
    /// How many waited at the end of each hundredth of the measured time.
    pub queue: Vec<Spread>,
    /// Each run.
    pub runs: Vec<RunReport>,
    /// All its runs, one after the other; zero where nobody knows.
    #[serde(skip)]
    pub took: Duration,
}

/// As much of a strategy's report as the rest follows from.
#[derive(Deserialize)]
struct StrategyRuns {
    name: String,
    runs: Vec<RunReport>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Its seed.
    pub seed: u64,
    /// When the measured time ended, in seconds.
    pub end_s: f64,
    /// Arrivals and departures, of all pods.
    pub events: u64,
    /// What was measured.
    #[serde(flatten)]
    pub metrics: Metrics<f64>,
    /// How things stood in the course of time.
    pub timeline: Timeline,
    /// What each node did in the course of time, where that was asked for and this is the first seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_timeline: Option<NodeTimeline>,
}

/// GPUs in use on each node over equal parts of the measured time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeTimeline {
    /// The nodes' names, in their order.
    pub nodes: Vec<String>,
    /// How many GPUs each has.
    pub gpus: Vec<u64>,
    /// How many parts.
    pub buckets: u64,
    /// By node, for each part the mean of the GPUs in use, in thousandths of one.
    pub busy_milli: Vec<Vec<u64>>,
}

/// How things stood at the ends of equal parts of the measured time, column by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// When, in seconds.
    pub at_s: Vec<f64>,
    /// How many pods waited.
    pub queue: Vec<u64>,
    /// GPUs in use, in percent of all.
    pub allocation_pct: Vec<f64>,
}

impl From<StrategyRuns> for StrategyReport {
    fn from(StrategyRuns { name, runs }: StrategyRuns) -> Self {
        Self::of(&name, runs)
    }
}

impl StrategyReport {
    /// Of as many of the policy's runs as were finished.
    pub(super) fn finished(policy: Choice, workload: &Workload, finished: &[Finished]) -> Self {
        let own = || finished.iter().filter(|run| run.id.policy.name() == policy.name());
        let took = own().map(|run| run.took).sum();
        let runs = own().map(|run| RunReport::of(run, workload)).collect();
        Self { took, ..Self::of(policy.name(), runs) }
    }

    /// What each node did under it, where that was asked for.
    #[must_use]
    pub fn node_timeline(&self) -> Option<&NodeTimeline> {
        self.runs.iter().find_map(|run| run.node_timeline.as_ref())
    }

    /// Of its runs, whose times nobody knows.
    fn of(name: &str, runs: Vec<RunReport>) -> Self {
        let queued = |sample: usize| {
            let of = |run: &RunReport| run.timeline.queue.get(sample).map_or(0.0, |pods| *pods as f64);
            Spread::of(&runs.iter().map(of).collect::<Vec<_>>())
        };
        Self {
            name: name.into(),
            metrics: Metrics::over(&runs.iter().map(|run| &run.metrics).collect::<Vec<_>>()),
            queue: (0..SAMPLES as usize).map(queued).collect(),
            runs,
            took: Duration::ZERO,
        }
    }
}

impl NodeTimeline {
    fn of(workload: &Workload, busy_milli: &[Vec<u64>]) -> Self {
        let slots = workload.slots.iter();
        let nodes: Vec<&Arc<Node>> = slots.filter_map(|slot| workload.snapshot.at(*slot)).collect();
        Self {
            nodes: nodes.iter().map(|node| node.name().to_string()).collect(),
            gpus: nodes.iter().map(|node| gpus(node)).collect(),
            buckets: BUCKETS,
            busy_milli: busy_milli.to_vec(),
        }
    }
}

impl RunReport {
    fn of(run: &Finished, workload: &Workload) -> Self {
        let outcome = &run.outcome;
        let moments = || outcome.timeline.iter();
        let percent = workload.capacity_milli as f64 / 100.0;
        let allocation = |busy_milli: u64| rounded(busy_milli as f64 / percent);
        Self {
            seed: run.id.seed,
            end_s: outcome.window_ms.end as f64 / 1000.0,
            events: outcome.events,
            metrics: Metrics::of(outcome),
            timeline: Timeline {
                at_s: moments().map(|moment| moment.at_ms as f64 / 1000.0).collect(),
                queue: moments().map(|moment| moment.queue).collect(),
                allocation_pct: moments().map(|moment| allocation(moment.busy_milli)).collect(),
            },
            node_timeline: outcome.nodes.as_ref().map(|nodes| NodeTimeline::of(workload, nodes)),
        }
    }
}
