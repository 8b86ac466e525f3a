//! What came of a strategy, over its runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::figures::Figures;
use crate::policy::Choice;
use crate::run::{Finished, SAMPLES};
use crate::stats::{Spread, rounded};

/// What came of a strategy. It is read from its runs: the means are made of them again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "StrategyRuns")]
pub struct StrategyReport {
    /// Its name.
    pub name: String,
    /// Means over its runs.
    #[serde(flatten)]
    pub figures: Figures<Spread>,
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
    pub figures: Figures<f64>,
    /// How things stood in the course of time.
    pub timeline: Timeline,
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
    pub(super) fn finished(policy: Choice, capacity_milli: u64, finished: &[Finished]) -> Self {
        let own = || finished.iter().filter(|run| run.id.policy.name() == policy.name());
        let took = own().map(|run| run.took).sum();
        let runs = own().map(|run| RunReport::of(run, capacity_milli)).collect();
        Self { took, ..Self::of(policy.name(), runs) }
    }

    /// Of its runs, whose times nobody knows.
    fn of(name: &str, runs: Vec<RunReport>) -> Self {
        let queued = |sample: usize| {
            let of = |run: &RunReport| run.timeline.queue.get(sample).map_or(0.0, |pods| *pods as f64);
            Spread::of(&runs.iter().map(of).collect::<Vec<_>>())
        };
        Self {
            name: name.into(),
            figures: Figures::over(&runs.iter().map(|run| &run.figures).collect::<Vec<_>>()),
            queue: (0..SAMPLES as usize).map(queued).collect(),
            runs,
            took: Duration::ZERO,
        }
    }
}

impl RunReport {
    fn of(run: &Finished, capacity_milli: u64) -> Self {
        let outcome = &run.outcome;
        let moments = || outcome.timeline.iter();
        let allocation = |busy_milli: u64| rounded(100.0 * busy_milli as f64 / capacity_milli as f64);
        Self {
            seed: run.id.seed,
            end_s: outcome.window_ms.end as f64 / 1000.0,
            events: outcome.events,
            figures: Figures::of(outcome),
            timeline: Timeline {
                at_s: moments().map(|moment| moment.at_ms as f64 / 1000.0).collect(),
                queue: moments().map(|moment| moment.queue).collect(),
                allocation_pct: moments().map(|moment| allocation(moment.busy_milli)).collect(),
            },
        }
    }
}
