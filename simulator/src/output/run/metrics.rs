//! What is measured of a run, and its means over several.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::run::{Outcome, Size, WaitTimes};
use crate::stats::{Spread, rounded};

/// What is measured of a run (`f64`), or over several (`Spread`). But for the makespan, all of it is about the measured
/// time and the pods that came in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics<T> {
    /// GPUs in use, in percent of all.
    pub allocation_pct: T,
    /// Where the GPUs' time went.
    pub gpu_hours: GpuHours<T>,
    /// For how much of the time the first of the queue had to wait, in percent.
    pub blocked_pct: T,
    /// How many waited, over time.
    pub queue_mean: T,
    /// The most that waited at once.
    pub queue_longest: T,
    /// From the first arrival to the last departure, in seconds.
    pub makespan_s: T,
    /// Pods that came.
    pub pods: T,
    /// Pods that fit no node, not even an empty one, by reason; reasons that stopped none are left out.
    pub never_placed: BTreeMap<String, T>,
    /// How long the others waited.
    pub waits: WaitReport<T>,
    /// The same by how many GPUs they asked for, from small to large.
    pub waits_by_size: Vec<WaitReport<T>>,
    /// The same by priority, the highest first; empty where all have the same.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub waits_by_priority: Vec<PriorityReport<T>>,
}

/// How long pods of a priority waited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriorityReport<T> {
    /// The pods' priority.
    pub priority: i32,
    /// How long those of all sizes waited.
    pub waits: WaitReport<T>,
}

/// Hours of a GPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuHours<T> {
    /// In use.
    pub used: T,
    /// Idle.
    pub idle: T,
    /// Of the idle ones, while somebody waited.
    pub stranded: T,
}

/// How long pods waited, in seconds; means are over the runs in which there were any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitReport<T> {
    /// `cpu`, `share`, or a number of GPUs; `all` for all of them.
    pub size: String,
    /// How many pods.
    pub pods: T,
    /// Their mean wait.
    pub mean_s: T,
    /// What half of them did not wait longer than.
    pub p50_s: T,
    /// What 95 of a hundred did not wait longer than.
    pub p95_s: T,
    /// What 99 of a hundred did not wait longer than.
    pub p99_s: T,
    /// The longest wait.
    pub longest_s: T,
}

const MILLI_MILLIS_AN_HOUR: f64 = 1000.0 * 3_600_000.0;

impl Metrics<f64> {
    /// Of a run.
    pub(super) fn of(outcome: &Outcome) -> Self {
        let window_ms = (outcome.window_ms.end - outcome.window_ms.start) as f64;
        let hours = |milli_millis: u128| rounded(milli_millis as f64 / MILLI_MILLIS_AN_HOUR);
        let by_size = outcome.waits_by_size.iter();
        Self {
            allocation_pct: ratio(100.0 * outcome.busy as f64, (outcome.busy + outcome.idle) as f64),
            gpu_hours: GpuHours {
                used: hours(outcome.busy),
                idle: hours(outcome.idle),
                stranded: hours(outcome.stranded),
            },
            blocked_pct: ratio(100.0 * outcome.blocked_ms as f64, window_ms),
            queue_mean: ratio(outcome.queue_ms as f64, window_ms),
            queue_longest: outcome.longest_queue as f64,
            makespan_s: seconds(outcome.makespan_ms),
            pods: outcome.pods as f64,
            never_placed: outcome
                .refused
                .iter()
                .map(|(reason, pods)| (reason.name().to_owned(), *pods as f64))
                .collect(),
            waits: WaitReport::of("all".into(), &outcome.waits),
            waits_by_size: by_size.map(|(size, waits)| WaitReport::of(size.to_string(), waits)).collect(),
            waits_by_priority: if outcome.waits_by_priority.len() > 1 {
                outcome.waits_by_priority.iter().rev().map(of_priority).collect()
            } else {
                Vec::new()
            },
        }
    }
}

impl Metrics<Spread> {
    /// Over several runs, in this order.
    pub(super) fn over(runs: &[&Metrics<f64>]) -> Self {
        let spread = |value: &dyn Fn(&Metrics<f64>) -> f64| over(runs, value);
        let reasons: BTreeSet<&String> = runs.iter().flat_map(|run| run.never_placed.keys()).collect();
        let never = |reason: &String| spread(&|run| run.never_placed.get(reason).copied().unwrap_or(0.0));
        Self {
            allocation_pct: spread(&|run| run.allocation_pct),
            gpu_hours: GpuHours {
                used: spread(&|run| run.gpu_hours.used),
                idle: spread(&|run| run.gpu_hours.idle),
                stranded: spread(&|run| run.gpu_hours.stranded),
            },
            blocked_pct: spread(&|run| run.blocked_pct),
            queue_mean: spread(&|run| run.queue_mean),
            queue_longest: spread(&|run| run.queue_longest),
            makespan_s: spread(&|run| run.makespan_s),
            pods: spread(&|run| run.pods),
            never_placed: reasons.into_iter().map(|reason| (reason.clone(), never(reason))).collect(),
            waits: WaitReport::over("all", &runs.iter().map(|run| &run.waits).collect::<Vec<_>>()),
            waits_by_size: by_size(runs),
            waits_by_priority: by_priority(runs),
        }
    }
}

/// Each size that occurs, from small to large.
fn by_size(runs: &[&Metrics<f64>]) -> Vec<WaitReport<Spread>> {
    let mut sizes: BTreeMap<(Size, &str), Vec<&WaitReport<f64>>> = BTreeMap::new();
    for waits in runs.iter().flat_map(|run| &run.waits_by_size) {
        sizes.entry((Size::named(&waits.size), &waits.size)).or_default().push(waits);
    }
    sizes.into_iter().map(|((_, size), waits)| WaitReport::over(size, &waits)).collect()
}

fn of_priority((priority, waits): (&i32, &WaitTimes)) -> PriorityReport<f64> {
    PriorityReport { priority: *priority, waits: WaitReport::of("all".into(), waits) }
}

/// Each priority that occurs, the highest first.
fn by_priority(runs: &[&Metrics<f64>]) -> Vec<PriorityReport<Spread>> {
    let mut priorities: BTreeMap<Reverse<i32>, Vec<&WaitReport<f64>>> = BTreeMap::new();
    for PriorityReport { priority, waits } in runs.iter().flat_map(|run| &run.waits_by_priority) {
        priorities.entry(Reverse(*priority)).or_default().push(waits);
    }
    let report = |(Reverse(priority), waits): (Reverse<i32>, Vec<&WaitReport<f64>>)| PriorityReport {
        priority,
        waits: WaitReport::over("all", &waits),
    };
    priorities.into_iter().map(report).collect()
}

impl WaitReport<f64> {
    fn of(size: String, waits: &WaitTimes) -> Self {
        Self {
            size,
            pods: waits.pods as f64,
            mean_s: rounded(waits.mean_ms / 1000.0),
            p50_s: seconds(waits.p50_ms),
            p95_s: seconds(waits.p95_ms),
            p99_s: seconds(waits.p99_ms),
            longest_s: seconds(waits.longest_ms),
        }
    }
}

impl WaitReport<Spread> {
    fn over(size: &str, runs: &[&WaitReport<f64>]) -> Self {
        let spread = |value: &dyn Fn(&WaitReport<f64>) -> f64| over(runs, value);
        Self {
            size: size.to_owned(),
            pods: spread(&|waits| waits.pods),
            mean_s: spread(&|waits| waits.mean_s),
            p50_s: spread(&|waits| waits.p50_s),
            p95_s: spread(&|waits| waits.p95_s),
            p99_s: spread(&|waits| waits.p99_s),
            longest_s: spread(&|waits| waits.longest_s),
        }
    }
}

fn over<T>(runs: &[&T], value: &dyn Fn(&T) -> f64) -> Spread {
    Spread::of(&runs.iter().map(|run| value(run)).collect::<Vec<_>>())
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// Zero where nothing was measured.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { rounded(part / whole) } else { 0.0 }
}
