//! What `gpulse-sim plan` says: a sentence first, then the table behind it.

mod copies;
mod loss;
mod nodes;
mod shrink;

use std::collections::BTreeMap;

pub use copies::{CopiesReport, StrategyCopies};
pub use loss::{DomainLoss, LossReport, StrategyLoss};
pub use nodes::{Goal, NodesReport, OfferReport, PurchaseReport, StrategyNeed, StrategyNeedReport, waits};
pub use shrink::{GoneNode, ShrinkReport, StrategyShrink};

use crate::output::words;
use crate::placement::{Reason, Strategy};

/// Results by strategy, in the order in which the strategies come.
fn by_strategy<'a, T>(found: &'a [(&'static Strategy, T)]) -> Vec<(&'static Strategy, Vec<&'a T>)> {
    let mut groups: Vec<(&'static Strategy, Vec<&'a T>)> = Vec::new();
    for (strategy, result) in found {
        match groups.iter_mut().find(|(known, _)| known.name == strategy.name) {
            Some((_, results)) => results.push(result),
            None => groups.push((strategy, vec![result])),
        }
    }
    groups
}

/// A number with its noun: `1 node`, `3 nodes`.
fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Reasons and their counts, the most frequent first.
fn reasons(counts: &BTreeMap<&'static str, u64>) -> String {
    let counted = |reason: Reason| Some((reason, *counts.get(reason.name())?));
    let mut counts: Vec<(Reason, u64)> = Reason::ALL.into_iter().filter_map(counted).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let part = |(reason, count): &(Reason, u64)| format!("{} ({count})", words::reason(*reason));
    counts.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// Reasons by their names.
fn named(reasons: &BTreeMap<Reason, u64>) -> BTreeMap<&'static str, u64> {
    reasons.iter().map(|(reason, count)| (reason.name(), *count)).collect()
}
