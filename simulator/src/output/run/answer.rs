//! A report in a sentence.

use super::{Report, StrategyReport, WaitReport};
use crate::output::figure::number::time;
use crate::stats::Spread;

/// The strategies that have runs, from the one under which pods wait least on average.
pub(super) fn ranked(report: &Report) -> Vec<&StrategyReport> {
    let mut strategies: Vec<&StrategyReport> =
        report.strategies.iter().filter(|strategy| !strategy.runs.is_empty()).collect();
    strategies
        .sort_by(|one, other| one.metrics.waits.mean_s.mean.total_cmp(&other.metrics.waits.mean_s.mean));
    strategies
}

/// Under which strategy pods wait least, and how much longer under the next.
pub(super) fn answer(report: &Report) -> String {
    let ranked = ranked(report);
    let Some(best) = ranked.first() else { return "No run was finished.".into() };
    let least = format!("Under {} pods wait {}", best.name, waits(best));
    let Some(next) = ranked.get(1) else { return format!("{least}.") };
    let (one, other) = (best.metrics.waits.mean_s, next.metrics.waits.mean_s);
    // Of a single seed nobody knows how far others would lie apart.
    let is_luck = best.runs.len() > 1 && other.mean - one.mean <= one.sd.max(other.sd);
    let luck = if is_luck { "; the difference may be luck" } else { "" };
    let more = match largest(next) {
        Some(largest) => format!("{} and {}", mean(&next.metrics.waits), mean(largest)),
        None => mean(&next.metrics.waits),
    };
    format!("{least}; under {}, the next, {more}{luck}.", next.name)
}

/// The mean wait of all and of the largest.
fn waits(strategy: &StrategyReport) -> String {
    let all = mean(&strategy.metrics.waits);
    let largest = largest(strategy);
    let largest = largest.map(|waits| format!(", those with {} {}", gpus(&waits.size), mean(waits)));
    format!("{all} on average{}", largest.unwrap_or_default())
}

/// The pods that ask for most, where there are several sizes.
fn largest(strategy: &StrategyReport) -> Option<&WaitReport<Spread>> {
    strategy.metrics.waits_by_size.iter().skip(1).last()
}

fn mean(waits: &WaitReport<Spread>) -> String {
    time(waits.mean_s.mean)
}

/// A size of pods, in words.
pub(super) fn gpus(size: &str) -> String {
    match size {
        "cpu" => "no GPU".into(),
        "share" => "a share of a GPU".into(),
        "1" => "one GPU".into(),
        size => format!("{size} GPUs"),
    }
}
