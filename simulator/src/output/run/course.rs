//! How things stood in the course of the measured time, as charts and figures have it.

use super::{RunReport, StrategyReport};
use crate::output::figure::{Axis, Series};
use crate::stats::Spread;

/// How much of the measured time is over. Runs that count pods differ in length.
pub(super) fn axis() -> Axis {
    Axis::linear("% of the measured time", 0.0, 100.0)
}

/// Pods that wait.
pub(super) fn queue(strategies: &[&StrategyReport]) -> Vec<Series> {
    strategies.iter().map(|strategy| series(strategy, strategy.queue.iter().copied())).collect()
}

/// GPUs in use, in percent of all.
pub(super) fn allocation(strategies: &[&StrategyReport]) -> Vec<Series> {
    let at = |strategy: &StrategyReport, sample: usize| {
        let value = |run: &RunReport| run.timeline.allocation_pct.get(sample).copied();
        Spread::of(&strategy.runs.iter().filter_map(value).collect::<Vec<_>>())
    };
    let of = |strategy: &&StrategyReport| {
        series(strategy, (0..strategy.queue.len()).map(|sample| at(strategy, sample)))
    };
    strategies.iter().map(of).collect()
}

fn series(strategy: &StrategyReport, samples: impl Iterator<Item = Spread>) -> Series {
    let points = (1..).zip(samples).map(|(percent, spread)| (f64::from(percent), spread)).collect();
    Series { name: strategy.name.clone(), values: strategy.runs.len(), points }
}
