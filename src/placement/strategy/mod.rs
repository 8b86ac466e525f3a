//! The strategies: one file and one line in [`STRATEGIES`] each.
//!
//! A strategy scores one node for one pod, 0 to 1, on the node as it would be after the pod. It sees neither the other
//! candidates nor the measurements: comparing and blending is done once for all of them.

pub mod affinity;
pub mod binpack;
pub mod random;
pub mod worst_fit;

use super::{Inquiry, Score};
use crate::cluster::Node;

/// Every strategy, by name. Configuration, documentation, benches, property tests and the simulator iterate it.
pub static STRATEGIES: &[&Strategy] =
    &[&affinity::STRATEGY, &binpack::STRATEGY, &random::STRATEGY, &worst_fit::STRATEGY];

/// Receives the named parts of a score, each 0 to 1, for the explanation.
pub type Note<'a> = dyn FnMut(&'static str, f64) + 'a;

/// A way to prefer one node over another.
#[derive(Debug)]
pub struct Strategy {
    /// Its name in configuration.
    pub name: &'static str,
    /// What it prefers, in a line.
    pub summary: &'static str,
    /// What it wants of live utilization.
    pub direction: Direction,
    /// Whether pods that ask for the same score alike, so that a score may be remembered until the node changes.
    pub by_class: bool,
    /// The score as a ratio; anything else is clamped.
    ratio: fn(&Inquiry<'_>, &Node, &mut Note<'_>) -> f64,
}

/// What a strategy wants of live utilization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The less the better.
    Spread,
    /// Close to a target.
    Pack,
}

impl Strategy {
    /// The strategy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        STRATEGIES.iter().copied().find(|strategy| strategy.name == name)
    }

    /// Scores a node that the pod fits, and notes the parts.
    pub fn score(&self, inquiry: &Inquiry<'_>, node: &Node, note: &mut Note<'_>) -> Score {
        Score::from_ratio((self.ratio)(inquiry, node, note))
    }
}
