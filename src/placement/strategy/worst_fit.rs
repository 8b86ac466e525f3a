//! Worst fit: the emptiest node, so that pods spread and each has room.

use super::{Direction, Note, Scoring, Strategy, binpack};
use crate::cluster::Node;
use crate::placement::Inquiry;

/// The table's line.
pub static STRATEGY: Strategy = Strategy {
    name: "worst-fit",
    summary: "the emptiest node, by the measure that binpack fills by",
    direction: Direction::Spread,
    scoring: Scoring::Class(ratio),
};

fn ratio(inquiry: &Inquiry<'_>, node: &Node, note: &mut Note<'_>) -> f64 {
    1.0 - binpack::fullness(inquiry, node, note)
}
