//! A report in a sentence.

use super::table::percents;
use super::{Report, StrategyReport};
use crate::output::figure::number::{count, decimal};

/// Where strategies are compared: when as much is asked for as there is, or as near to it as all runs came.
pub(super) fn at_percent(report: &Report) -> Option<u32> {
    let reached = percents(report);
    reached.iter().copied().find(|percent| *percent == 100).or_else(|| reached.last().copied())
}

/// The strategies that have runs, from the one that has most GPUs in use there.
pub(super) fn ranked(report: &Report) -> Vec<&StrategyReport> {
    let mut strategies: Vec<&StrategyReport> =
        report.strategies.iter().filter(|strategy| !strategy.runs.is_empty()).collect();
    let in_use = |strategy: &StrategyReport| {
        let point = at_percent(report).and_then(|percent| strategy.at(percent));
        point.map_or(0.0, |point| point.allocation_pct.mean)
    };
    strategies.sort_by(|one, other| in_use(other).total_cmp(&in_use(one)));
    strategies
}

/// Which strategy places most, and how much more than the next.
pub(super) fn answer(report: &Report) -> String {
    let ranked = ranked(report);
    let (Some(percent), Some(best)) = (at_percent(report), ranked.first()) else {
        return "No run was finished.".into();
    };
    let at = |strategy: &StrategyReport| {
        strategy.at(percent).map(|point| point.allocation_pct).unwrap_or_default()
    };
    let most = at(best);
    let places =
        format!("{} places {} % of the GPUs at {percent} % demand", best.name, decimal(most.mean, 2));
    let Some(next) = ranked.get(1) else { return format!("{places}.") };
    let more = most.mean - at(next).mean;
    if more < 0.005 {
        return format!("{places}, as much as {}.", next.name);
    }
    let gpus = (more / 100.0 * report.head.gpus as f64).round() as u64;
    // Of a single seed nobody knows how far others would lie apart.
    let is_luck = best.runs.len() > 1 && more <= most.sd.max(at(next).sd);
    let luck = if is_luck { "; that may be the luck of the order" } else { "" };
    format!("{places}, {} points ({} GPUs) more than {}{luck}.", decimal(more, 2), count(gpus), next.name)
}
