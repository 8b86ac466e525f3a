//! What strategies are compared by.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::output::{fill, run};

/// What strategies can be compared by: of `fill` the first three, of `run` the others.
pub const KINDS: [Kind; 10] = [
    kind("allocation_pct", true, true),
    kind("fragmentation_pct", true, false),
    kind("failed_pods", true, false),
    kind("allocation_pct", false, true),
    kind("gpu_hours_used", false, true),
    kind("gpu_hours_idle", false, false),
    kind("gpu_hours_stranded", false, false),
    kind("blocked_pct", false, false),
    kind("wait_mean_s", false, false),
    kind("wait_p95_s", false, false),
];

/// The percents of arrived demand at which runs of `fill` are compared.
const PERCENTS: [u32; 4] = [80, 90, 95, 100];

/// A number that strategies can be compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// As it is named in JSON and CSV.
    pub name: &'static str,
    is_of_fill: bool,
    /// Whether more is better than less.
    pub is_more_better: bool,
}

const fn kind(name: &'static str, is_of_fill: bool, is_more_better: bool) -> Kind {
    Kind { name, is_of_fill, is_more_better }
}

/// The name of a kind of metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindName(&'static str);

/// What is no such name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected some of {}", names())]
pub struct KindError;

fn names() -> String {
    let mut names: Vec<&str> = Vec::new();
    for kind in &KINDS {
        if !names.contains(&kind.name) {
            names.push(kind.name);
        }
    }
    names.join(", ")
}

impl FromStr for KindName {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        KINDS.iter().find(|kind| kind.name == text).map(|kind| Self(kind.name)).ok_or(KindError)
    }
}

/// What of the runs a metric is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    /// The run as a whole.
    Whole,
    /// When so many percent of the demand have arrived.
    Arrived(u32),
    /// Pods of this size.
    Size(String),
}

/// A metric with its value for each run.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) kind: Kind,
    pub(super) at: At,
    /// By strategy, then by seed; `None` where there is no such run.
    pub(super) values: Vec<Vec<Option<f64>>>,
}

impl fmt::Display for Metric {
    /// As it is named in JSON and CSV.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Whole => f.write_str(self.kind.name),
            At::Arrived(percent) => write!(f, "{}_at_{percent}", self.kind.name),
            At::Size(size) => write!(f, "{}_of_{size}", self.kind.name),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// Whether this kind is wanted; all are where none is named.
fn is_wanted(kind: Kind, is_of_fill: bool, chosen: &[KindName]) -> bool {
    kind.is_of_fill == is_of_fill && (chosen.is_empty() || chosen.iter().any(|name| name.0 == kind.name))
}

/// Those of `fill`: at the percents that every run reached, and pods without a place at the end.
pub(super) fn of_fill(report: &fill::Report, chosen: &[KindName]) -> Vec<Metric> {
    let runs = || report.strategies.iter().flat_map(|strategy| &strategy.runs);
    let place = |run: &fill::RunReport, percent: u32| {
        run.curve.arrived_pct.iter().position(|arrived| *arrived == percent)
    };
    let reached: Vec<u32> =
        PERCENTS.into_iter().filter(|percent| runs().all(|run| place(run, *percent).is_some())).collect();
    let mut metrics = Vec::new();
    for kind in KINDS.into_iter().filter(|kind| is_wanted(*kind, true, chosen)) {
        let value = |run: &fill::RunReport, at: &At| match (kind.name, at) {
            ("allocation_pct", At::Arrived(percent)) => {
                place(run, *percent).map(|place| run.curve.allocation_pct[place])
            }
            (_, At::Arrived(percent)) => place(run, *percent).map(|place| run.curve.fragmentation_pct[place]),
            _ => Some((run.pods - run.placed) as f64),
        };
        let ats: Vec<At> = match kind.name {
            "failed_pods" => vec![At::Whole],
            _ => reached.iter().map(|percent| At::Arrived(*percent)).collect(),
        };
        for at in ats {
            let of = |strategy: &fill::StrategyReport| {
                let run = |seed: &u64| strategy.runs.iter().find(|run| run.seed == *seed);
                report.seeds.iter().map(|seed| run(seed).and_then(|run| value(run, &at))).collect()
            };
            let values = report.strategies.iter().map(of).collect();
            metrics.push(Metric { kind, at, values });
        }
    }
    metrics
}

/// Those of `run`: waits are of all pods, and of each size that waited anywhere.
pub(super) fn of_run(report: &run::Report, chosen: &[KindName]) -> Vec<Metric> {
    let waited = |size: &str| {
        let runs = report.strategies.iter().flat_map(|strategy| &strategy.runs);
        let mut waits = runs.filter_map(|run| waits(run, size));
        waits.any(|waits| waits.mean_s > 0.0)
    };
    let sizes = report.strategies.iter().map(|strategy| &strategy.metrics.waits_by_size);
    let sizes = sizes.max_by_key(|sizes| sizes.len()).into_iter().flatten().map(|waits| waits.size.clone());
    let sizes: Vec<String> = sizes.filter(|size| waited(size)).collect();
    let mut metrics = Vec::new();
    for kind in KINDS.into_iter().filter(|kind| is_wanted(*kind, false, chosen)) {
        let by_size = sizes.iter().filter(|_| kind.name.starts_with("wait_")).cloned().map(At::Size);
        for at in std::iter::once(At::Whole).chain(by_size) {
            let of = |strategy: &run::StrategyReport| {
                let run = |seed: &u64| strategy.runs.iter().find(|run| run.seed == *seed);
                report.seeds.iter().map(|seed| run(seed).and_then(|run| value(run, kind.name, &at))).collect()
            };
            let values = report.strategies.iter().map(of).collect();
            metrics.push(Metric { kind, at, values });
        }
    }
    metrics
}

fn value(run: &run::RunReport, name: &str, at: &At) -> Option<f64> {
    let metrics = &run.metrics;
    let waits = match at {
        At::Size(size) => waits(run, size)?,
        _ => &metrics.waits,
    };
    Some(match name {
        "allocation_pct" => metrics.allocation_pct,
        "gpu_hours_used" => metrics.gpu_hours.used,
        "gpu_hours_idle" => metrics.gpu_hours.idle,
        "gpu_hours_stranded" => metrics.gpu_hours.stranded,
        "blocked_pct" => metrics.blocked_pct,
        "wait_mean_s" => waits.mean_s,
        _ => waits.p95_s,
    })
}

fn waits<'a>(run: &'a run::RunReport, size: &str) -> Option<&'a run::WaitReport<f64>> {
    run.metrics.waits_by_size.iter().find(|waits| waits.size == size)
}
