//! A report's curves, as charts and figures have them.

use super::{PointReport, Report, RunReport, StrategyReport};
use crate::output::figure::{Axis, Series};
use crate::stats::Spread;

const TITLE: &str = "demand that has arrived, % of all GPUs";

/// A value of each strategy over the demand that has arrived.
pub(super) fn series(strategies: &[&StrategyReport], value: fn(&PointReport) -> Spread) -> Vec<Series> {
    let series = |strategy: &&StrategyReport| Series {
        name: strategy.name.clone(),
        values: strategy.runs.len(),
        // Where some runs ended before the others, their mean would jump.
        points: strategy
            .points
            .iter()
            .filter(|point| point.runs == strategy.runs.len())
            .map(|point| (f64::from(point.arrived_pct), value(point)))
            .collect(),
    };
    strategies.iter().filter(|strategy| !strategy.runs.is_empty()).map(series).collect()
}

/// Pods that have found no place so far.
pub(super) fn unplaced(strategies: &[&StrategyReport]) -> Vec<Series> {
    let so_far = |run: &RunReport, percent: u32| {
        let place = run.curve.arrived_pct.iter().position(|at| *at == percent)?;
        Some(run.curve.failed.values().filter_map(|pods| pods.get(place)).sum::<u64>() as f64)
    };
    let of = |(mut series, strategy): (Series, &&StrategyReport)| {
        for (percent, spread) in &mut series.points {
            let runs = strategy.runs.iter().filter_map(|run| so_far(run, *percent as u32));
            *spread = Spread::of(&runs.collect::<Vec<_>>());
        }
        series
    };
    let with_runs = strategies.iter().filter(|strategy| !strategy.runs.is_empty());
    series(strategies, |_| Spread::default()).into_iter().zip(with_runs).map(of).collect()
}

/// All the demand that arrived; none where nothing was run.
pub(super) fn whole(report: &Report) -> Option<Axis> {
    last(report).map(|last| Axis::linear(TITLE, 0.0, last))
}

/// The end at which the cluster is nearly full and strategies differ; none where demand stays below it.
pub(super) fn end(report: &Report) -> Option<Axis> {
    last(report).filter(|last| *last >= 90.0).map(|last| Axis::linear(TITLE, 80.0, last))
}

fn last(report: &Report) -> Option<f64> {
    let points = report.strategies.iter().flat_map(|strategy| &strategy.points);
    points.map(|point| f64::from(point.arrived_pct)).max_by(f64::total_cmp)
}
