//! The strategies: one file and one line in [`STRATEGIES`] each.
//!
//! A strategy scores one node for one pod, 0 to 1, on the node as it would be after the pod. It sees neither the other
//! candidates nor the measurements: comparing and blending is done once for all of them.

pub mod affinity;
pub mod binpack;
pub mod fragmentation;
pub mod random;
pub mod worst_fit;

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Inquiry, Score};
use crate::cluster::{Node, Snapshot};

pub use fragmentation::Market;

/// Every strategy, by name. Configuration, documentation, benches, property tests and the simulator iterate it.
pub static STRATEGIES: &[&Strategy] = &[
    &affinity::STRATEGY,
    &binpack::STRATEGY,
    &fragmentation::STRATEGY,
    &random::STRATEGY,
    &worst_fit::STRATEGY,
];

/// Receives the named parts of a score for the explanation: each 0 to 1, or in the unit that its name ends with.
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
    /// How it scores.
    pub(super) scoring: Scoring,
}

/// The score as a ratio of 0 to 1; anything else is clamped.
type Ratio = fn(&Inquiry<'_>, &Node, &mut Note<'_>) -> f64;

/// How a strategy scores, and what a score depends on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scoring {
    /// On the node and what the pod asks for: it holds for all pods that ask for the same, until the node changes.
    Class(Ratio),
    /// Drawn by the node's name, from a seed for the very pod ([`random::draw`]).
    Draw(fn(&Inquiry<'_>) -> u64),
    /// On the node, what the pod asks for, and what the rest of the cluster has ([`Inquiry::market`]).
    Market(Ratio),
}

/// What a strategy wants of live utilization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The less the better.
    Spread,
    /// Close to a target.
    Pack,
}

impl Serialize for Strategy {
    /// By its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for &'static Strategy {
    /// By its name.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        let known = || STRATEGIES.iter().map(|strategy| strategy.name).collect::<Vec<_>>().join(", ");
        let unknown = || D::Error::custom(format!("found strategy {name:?}, expected one of {}", known()));
        Strategy::named(&name).ok_or_else(unknown)
    }
}

impl Strategy {
    /// The strategy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        STRATEGIES.iter().copied().find(|strategy| strategy.name == name)
    }

    /// Whether pods that ask for the same score alike.
    #[must_use]
    pub fn scores_by_class(&self) -> bool {
        !matches!(self.scoring, Scoring::Draw(_))
    }

    /// Scores a node that the pod fits, and notes the parts.
    pub fn score(&self, inquiry: &Inquiry<'_>, node: &Node, note: &mut Note<'_>) -> Score {
        Score::from_ratio(match self.scoring {
            Scoring::Class(ratio) | Scoring::Market(ratio) => ratio(inquiry, node, note),
            Scoring::Draw(seed) => {
                let ratio = random::draw(seed(inquiry), node.name_hash());
                note("draw", ratio);
                ratio
            }
        })
    }

    /// The market of the cluster, where the strategy asks for one.
    #[must_use]
    pub fn market(&self, snapshot: &Snapshot) -> Option<Market> {
        matches!(self.scoring, Scoring::Market(_)).then(|| Market::of(snapshot))
    }
}
