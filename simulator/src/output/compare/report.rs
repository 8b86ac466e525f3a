//! Which differences between strategies are real.

use serde::Serialize;

use super::metric::{At, Kind, KindName, Metric, of_fill, of_run};
use crate::output::run::TrafficReport;
use crate::output::{ExperimentHead, fill, run};
use crate::stats::{Difference, Interval, holm, rounded};
use crate::workload::Arrive;

/// A difference is real where its probability by chance, corrected for all comparisons, is below this.
pub const LEVEL: f64 = 0.05;

/// The result of `gpulse-sim compare`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which program made it, on which cluster and pods.
    #[serde(flatten)]
    pub head: ExperimentHead,
    /// The command whose runs are compared.
    pub of: String,
    /// How much demand arrives, as a multiple of the cluster's GPUs; none of `run`.
    pub arrive: Option<Arrive>,
    /// How pods came, ran and waited; none of `fill`.
    pub traffic: Option<TrafficReport>,
    /// The seeds: a difference is that of two runs with the same.
    pub seeds: Vec<u64>,
    /// Whether it was stopped before all runs were done.
    pub partial: bool,
    /// The strategy that the others are compared with.
    pub against: String,
    /// How many comparisons there are, which the probabilities are corrected for.
    pub comparisons: usize,
    /// What they are compared by.
    pub metrics: Vec<MetricReport>,
}

/// A number that strategies are compared by.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricReport {
    /// Its name: what it is, and of which pods or when.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether more is better than less.
    pub is_more_better: bool,
    /// What people call it.
    #[serde(skip)]
    pub title: String,
    /// The strategies, in their order.
    pub strategies: Vec<StrategyReport>,
}

/// How a strategy does by a metric.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyReport {
    /// Its name.
    pub name: String,
    /// How many runs it had.
    pub runs: usize,
    /// Their mean, with its 95 % confidence interval; none of less than two.
    pub value: Option<Interval>,
    /// How it differs; none of the strategy that the others are compared with, and of less than two pairs of runs.
    pub difference: Option<DifferenceReport>,
}

/// How a strategy differs from the one that it is compared with.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceReport {
    /// The mean over the seeds of its value less the other's, with its 95 % confidence interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// How likely it is by chance (paired t-test), corrected for all comparisons (Holm).
    pub p: f64,
    /// What to make of it.
    pub verdict: Verdict,
}

/// What to make of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is better.
    Better,
    /// It is worse.
    Worse,
    /// It may be chance.
    NotToldApart,
}

impl Report {
    /// Compares the strategies of `fill` with the one of this name.
    #[must_use]
    pub fn of_fill(report: &fill::Report, against: &str, chosen: &[KindName]) -> Self {
        let names: Vec<&str> = report.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
        let metrics = compared(&of_fill(report, chosen), &names, against);
        Self::new(&report.head, &report.seeds, report.partial, against, metrics, Some(report.arrive), None)
    }

    /// Compares the strategies of `run` with the one of this name.
    #[must_use]
    pub fn of_run(report: &run::Report, against: &str, chosen: &[KindName]) -> Self {
        let names: Vec<&str> = report.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
        let metrics = compared(&of_run(report, chosen), &names, against);
        let traffic = Some(report.traffic.clone());
        Self::new(&report.head, &report.seeds, report.partial, against, metrics, None, traffic)
    }

    fn new(
        head: &ExperimentHead,
        seeds: &[u64],
        partial: bool,
        against: &str,
        metrics: Vec<MetricReport>,
        arrive: Option<Arrive>,
        traffic: Option<TrafficReport>,
    ) -> Self {
        let strategies = metrics.iter().flat_map(|metric| &metric.strategies);
        Self {
            head: ExperimentHead { command: "compare".into(), ..head.clone() },
            of: head.command.clone(),
            arrive,
            traffic,
            seeds: seeds.to_vec(),
            partial,
            against: against.into(),
            comparisons: strategies.filter(|strategy| strategy.difference.is_some()).count(),
            metrics,
        }
    }
}

/// All comparisons, corrected for each other.
fn compared(metrics: &[Metric], names: &[&str], against: &str) -> Vec<MetricReport> {
    let baseline = names.iter().position(|name| *name == against);
    let difference = |metric: &Metric, strategy: usize| {
        let other = baseline.filter(|baseline| *baseline != strategy)?;
        let pairs = metric.values[strategy].iter().zip(&metric.values[other]);
        Difference::of(&pairs.filter_map(|(one, other)| Some(((*one)?, (*other)?))).collect::<Vec<_>>())
    };
    let each = |metric: &Metric| (0..names.len()).map(|strategy| difference(metric, strategy)).collect();
    let differences: Vec<Vec<Option<Difference>>> = metrics.iter().map(each).collect();
    let chances: Vec<f64> = differences.iter().flatten().flatten().map(|difference| difference.p).collect();
    let mut corrected = holm(&chances).into_iter();
    let report = |(metric, differences): (&Metric, &Vec<Option<Difference>>)| {
        let strategies = names.iter().zip(&metric.values).zip(differences);
        let strategies = strategies.map(|((name, values), difference)| {
            let values: Vec<f64> = values.iter().copied().flatten().collect();
            let difference = difference.and_then(|Difference { interval, .. }| {
                let p = corrected.next()?;
                let is_better = (interval.mean > 0.0) == metric.kind.is_more_better;
                let verdict = match (p < LEVEL, is_better) {
                    (false, _) => Verdict::NotToldApart,
                    (true, true) => Verdict::Better,
                    (true, false) => Verdict::Worse,
                };
                Some(DifferenceReport { interval, p: rounded(p), verdict })
            });
            let (name, runs) = ((*name).to_owned(), values.len());
            StrategyReport { name, runs, value: Interval::of(&values), difference }
        });
        MetricReport {
            name: metric.to_string(),
            kind: metric.kind,
            is_more_better: metric.kind.is_more_better,
            title: title(metric),
            strategies: strategies.collect(),
        }
    };
    metrics.iter().zip(&differences).map(report).collect()
}

fn title(metric: &Metric) -> String {
    let (what, unit) = match metric.kind.name {
        "allocation_pct" => ("GPUs in use", "% of all"),
        "fragmentation_pct" => ("idle GPUs that the typical pods cannot use", "% of all"),
        "failed_pods" => ("pods without a place", "pods"),
        "gpu_hours_used" => ("GPU-hours used", "hours"),
        "gpu_hours_idle" => ("GPU-hours idle", "hours"),
        "gpu_hours_stranded" => ("GPU-hours idle while some wait", "hours"),
        "blocked_pct" => ("some wait", "% of the time"),
        "wait_mean_s" => ("mean wait", "seconds"),
        _ => ("wait of 95 % of the pods at most", "seconds"),
    };
    let at = match &metric.at {
        At::Whole => String::new(),
        At::Arrived(percent) => format!(" at {percent} % arrived"),
        At::Size(size) if size == "cpu" => " of pods without GPUs".into(),
        At::Size(size) if size == "share" => " of pods with a share of a GPU".into(),
        At::Size(size) => format!(" of {size}-GPU pods"),
    };
    format!("{what}{at}, {unit}")
}
