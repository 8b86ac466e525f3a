//! What came of a strategy, over its runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::placement::Reason;
use crate::policy::Choice;
use crate::run::{Finished, Outcome, SAMPLES, Size, WaitTimes};
use crate::stats::{Spread, rounded};

/// What came of a strategy: means over its runs. But for the makespan, all of it is about the measured time and the
/// pods that came in it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyReport {
    /// Its name.
    pub name: &'static str,
    /// GPUs in use, in percent of all.
    pub allocation_pct: Spread,
    /// Where the GPUs' time went.
    pub gpu_hours: GpuHours<Spread>,
    /// For how much of the time the first of the queue had to wait, in percent.
    pub blocked_pct: Spread,
    /// How many waited, over time.
    pub queue_mean: Spread,
    /// The most that waited at once.
    pub queue_longest: Spread,
    /// From the first arrival to the last departure, in seconds.
    pub makespan_s: Spread,
    /// Pods that came.
    pub pods: Spread,
    /// Pods that fit no node, not even an empty one, by reason; reasons that stopped none are left out.
    pub never_placed: BTreeMap<&'static str, Spread>,
    /// How long the others waited.
    pub waits: WaitReport,
    /// The same by how many GPUs they asked for, from small to large.
    pub waits_by_size: Vec<WaitReport>,
    /// How many waited at the end of each hundredth of the measured time.
    pub queue: Vec<Spread>,
    /// Each run.
    pub runs: Vec<RunReport>,
    /// Arrivals and departures of all its runs.
    #[serde(skip)]
    pub events: u64,
    /// All its runs, one after the other.
    #[serde(skip)]
    pub took: Duration,
}

/// Hours of a GPU.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuHours<T> {
    /// In use.
    pub used: T,
    /// Idle.
    pub idle: T,
    /// Of the idle ones, while somebody waited.
    pub stranded: T,
}

/// How long pods of a size waited, in seconds: means over the runs in which there were any.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitReport {
    /// `cpu`, `share`, or a number of GPUs; `all` for all of them.
    pub size: String,
    /// How many pods.
    pub pods: Spread,
    /// Their mean wait.
    pub mean_s: Spread,
    /// What half of them did not wait longer than.
    pub p50_s: Spread,
    /// What 95 of a hundred did not wait longer than.
    pub p95_s: Spread,
    /// What 99 of a hundred did not wait longer than.
    pub p99_s: Spread,
    /// The longest wait.
    pub longest_s: Spread,
}

/// A run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Its seed.
    pub seed: u64,
    /// When the measured time ended, in seconds.
    pub end_s: f64,
    /// GPUs in use, in percent of all.
    pub allocation_pct: f64,
    /// The mean wait, in seconds.
    pub wait_mean_s: f64,
    /// The mean wait by size, in seconds.
    pub wait_mean_by_size_s: BTreeMap<String, f64>,
    /// How things stood in the course of time.
    pub timeline: Timeline,
}

/// How things stood at the ends of equal parts of the measured time, column by column.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// When, in seconds.
    pub at_s: Vec<f64>,
    /// How many pods waited.
    pub queue: Vec<u64>,
    /// GPUs in use, in percent of all.
    pub allocation_pct: Vec<f64>,
}

const MILLI_MILLIS_AN_HOUR: f64 = 1000.0 * 3_600_000.0;

impl StrategyReport {
    pub(super) fn of(policy: Choice, capacity_milli: u64, finished: &[Finished]) -> Self {
        let own: Vec<&Finished> =
            finished.iter().filter(|run| run.id.policy.name() == policy.name()).collect();
        let spread = |value: &dyn Fn(&Outcome) -> f64| {
            Spread::of(&own.iter().map(|run| value(&run.outcome)).collect::<Vec<_>>())
        };
        let never = |reason: Reason| {
            let of = move |run: &Outcome| run.refused.get(&reason).copied().unwrap_or(0);
            let stopped = own.iter().any(|run| of(&run.outcome) > 0);
            stopped.then(|| (reason.name(), spread(&|run| of(run) as f64)))
        };
        let queued = |sample: usize| spread(&|run| run.timeline.get(sample).map_or(0.0, |m| m.queue as f64));
        let sizes: BTreeSet<Size> =
            own.iter().flat_map(|run| run.outcome.waits_by_size.keys().copied()).collect();
        let of_size = |size: Size| {
            WaitReport::of(
                size.to_string(),
                own.iter().filter_map(|run| run.outcome.waits_by_size.get(&size)),
            )
        };
        Self {
            name: policy.name(),
            allocation_pct: spread(&allocation_pct),
            gpu_hours: GpuHours {
                used: spread(&|run| run.busy as f64 / MILLI_MILLIS_AN_HOUR),
                idle: spread(&|run| run.idle as f64 / MILLI_MILLIS_AN_HOUR),
                stranded: spread(&|run| run.stranded as f64 / MILLI_MILLIS_AN_HOUR),
            },
            blocked_pct: spread(&|run| ratio(100.0 * run.blocked_ms as f64, window_ms(run))),
            queue_mean: spread(&|run| ratio(run.queue_ms as f64, window_ms(run))),
            queue_longest: spread(&|run| run.longest_queue as f64),
            makespan_s: spread(&|run| run.makespan_ms as f64 / 1000.0),
            pods: spread(&|run| run.pods as f64),
            never_placed: Reason::ALL.into_iter().filter_map(never).collect(),
            waits: WaitReport::of("all".into(), own.iter().map(|run| &run.outcome.waits)),
            waits_by_size: sizes.into_iter().map(of_size).collect(),
            queue: (0..SAMPLES as usize).map(queued).collect(),
            runs: own.iter().map(|run| RunReport::of(run, capacity_milli)).collect(),
            events: own.iter().map(|run| run.outcome.events).sum(),
            took: own.iter().map(|run| run.took).sum(),
        }
    }
}

impl WaitReport {
    fn of<'a>(size: String, waits: impl Iterator<Item = &'a WaitTimes>) -> Self {
        let waits: Vec<&WaitTimes> = waits.collect();
        let spread = |value: &dyn Fn(&WaitTimes) -> f64| {
            Spread::of(&waits.iter().map(|waits| value(waits)).collect::<Vec<_>>())
        };
        Self {
            size,
            pods: spread(&|waits| waits.pods as f64),
            mean_s: spread(&|waits| waits.mean_ms / 1000.0),
            p50_s: spread(&|waits| waits.p50_ms as f64 / 1000.0),
            p95_s: spread(&|waits| waits.p95_ms as f64 / 1000.0),
            p99_s: spread(&|waits| waits.p99_ms as f64 / 1000.0),
            longest_s: spread(&|waits| waits.longest_ms as f64 / 1000.0),
        }
    }
}

impl RunReport {
    fn of(run: &Finished, capacity_milli: u64) -> Self {
        let outcome = &run.outcome;
        let mean_s = |waits: &WaitTimes| rounded(waits.mean_ms / 1000.0);
        let moments = || outcome.timeline.iter();
        let allocation = |busy_milli: u64| rounded(100.0 * busy_milli as f64 / capacity_milli as f64);
        Self {
            seed: run.id.seed,
            end_s: outcome.window_ms.end as f64 / 1000.0,
            allocation_pct: rounded(allocation_pct(outcome)),
            wait_mean_s: mean_s(&outcome.waits),
            wait_mean_by_size_s: outcome
                .waits_by_size
                .iter()
                .map(|(size, waits)| (size.to_string(), mean_s(waits)))
                .collect(),
            timeline: Timeline {
                at_s: moments().map(|moment| moment.at_ms as f64 / 1000.0).collect(),
                queue: moments().map(|moment| moment.queue).collect(),
                allocation_pct: moments().map(|moment| allocation(moment.busy_milli)).collect(),
            },
        }
    }
}

fn allocation_pct(run: &Outcome) -> f64 {
    ratio(100.0 * run.busy as f64, (run.busy + run.idle) as f64)
}

fn window_ms(run: &Outcome) -> f64 {
    (run.window_ms.end - run.window_ms.start) as f64
}

/// Zero where nothing was measured.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
