//! A report for people.

use super::answer::answer;
use super::{PointReport, Report, RunReport, StrategyReport, curves};
use crate::output::figure::Axis;
use crate::output::head::{part, partial, seconds_a_run, seeds};
use crate::output::words;
use crate::output::{chart, grid};
use crate::placement::Reason;
use crate::stats::Spread;

/// The percents of arrived demand that may have a column: the last six that all runs reached do.
const PERCENTS: [u32; 16] = [5, 10, 20, 40, 60, 80, 90, 95, 100, 110, 130, 150, 200, 300, 500, 1000];
const COLUMNS: usize = 6;

pub(super) fn text(report: &Report) -> String {
    let mut text = head(report);
    let percents = percents(report);
    if let Some(chart) = chart(report) {
        text += "\nGPUs in use, % of all, over the demand that has arrived:\n";
        text += &chart;
    }
    text += "\nGPUs in use, % of all, when so much demand has arrived (% of all GPUs):\n";
    text += &numbers(report, &percents, |point| point.allocation_pct);
    text += "\nIdle GPUs that the typical pods cannot use, % of all:\n";
    text += &numbers(report, &percents, |point| point.fragmentation_pct);
    text += "\nAt the end, pods of a run:\n";
    text + &totals(report)
}

fn head(report: &Report) -> String {
    format!(
        "{}{}\n\n{} Demand of {} times the GPUs arrives; {}{}.\n",
        partial(report.partial),
        answer(report),
        report.head.sentence(),
        report.arrive,
        seeds(&report.seeds),
        part(report.shard),
    )
}

/// The end that is of interest; none where nothing was run.
fn chart(report: &Report) -> Option<String> {
    let series = curves::series(&report.strategies.iter().collect::<Vec<_>>(), |point| point.allocation_pct);
    let x = curves::end(report).or_else(|| curves::whole(report))?;
    let y = Axis::around("", series.iter().flat_map(|series| series.means(&x)));
    Some(chart::text(&x, &y, &series))
}

/// Those that every run reached.
pub(super) fn percents(report: &Report) -> Vec<u32> {
    let reached = |percent: u32| {
        let all = |strategy: &StrategyReport| {
            strategy.runs.len() == strategy.at(percent).map_or(0, |point| point.runs)
        };
        report.strategies.iter().all(all)
    };
    let all: Vec<u32> = PERCENTS.into_iter().filter(|percent| reached(*percent)).collect();
    all[all.len().saturating_sub(COLUMNS)..].to_vec()
}

fn numbers(report: &Report, percents: &[u32], value: fn(&PointReport) -> Spread) -> String {
    let header = percents.iter().map(u32::to_string);
    let row = |strategy: &StrategyReport| {
        let cell =
            |percent: &u32| strategy.at(*percent).map_or_else(|| "-".into(), |point| spread(point, value));
        percents.iter().map(cell).collect()
    };
    grid(header, report, row)
}

fn spread(point: &PointReport, value: fn(&PointReport) -> Spread) -> String {
    let Spread { mean, sd } = value(point);
    if point.runs > 1 { format!("{mean:.2} ±{sd:.2}") } else { format!("{mean:.2}") }
}

fn totals(report: &Report) -> String {
    let failed = |strategy: &StrategyReport, reason: Reason| {
        mean(strategy, |run| run.failed.get(reason.name()).copied().unwrap_or(0))
    };
    let reasons: Vec<Reason> = Reason::ALL
        .into_iter()
        .filter(|reason| report.strategies.iter().any(|strategy| failed(strategy, *reason) > 0.0))
        .collect();
    let named = reasons.iter().map(|reason| words::reason(*reason).to_owned());
    let header =
        ["came".to_owned(), "placed".to_owned()].into_iter().chain(named).chain(["s a run".to_owned()]);
    let row = |strategy: &StrategyReport| {
        let pods = [mean(strategy, |run| run.pods), mean(strategy, |run| run.placed)];
        let failed = reasons.iter().map(|reason| failed(strategy, *reason));
        // Whole where it is one run's, else a mean.
        let decimals = usize::from(strategy.runs.len() > 1);
        let counts = pods.into_iter().chain(failed).map(|count| format!("{count:.decimals$}"));
        counts.chain([seconds_a_run(strategy.took, strategy.runs.len())]).collect()
    };
    grid(header, report, row)
}

/// A count, averaged over the runs.
pub(super) fn mean(strategy: &StrategyReport, count: impl Fn(&RunReport) -> u64) -> f64 {
    strategy.runs.iter().map(|run| count(run) as f64).sum::<f64>() / strategy.runs.len().max(1) as f64
}

/// A line for each strategy that has runs.
fn grid(
    header: impl Iterator<Item = String>,
    report: &Report,
    row: impl Fn(&StrategyReport) -> Vec<String>,
) -> String {
    let strategies = report.strategies.iter().filter(|strategy| !strategy.runs.is_empty());
    grid::text(header, strategies.map(|strategy| (strategy.name.as_str(), row(strategy))))
}
