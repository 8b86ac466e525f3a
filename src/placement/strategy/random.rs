//! Random: uniform over the nodes, and the same again for the same seed, pod and node.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{Direction, Scoring, Strategy};
use crate::placement::Inquiry;

/// The table's line.
pub static STRATEGY: Strategy = Strategy {
    name: "random",
    summary: "uniform over the nodes, drawn from the profile's seed, the pod's UID and the node's name",
    direction: Direction::Spread,
    scoring: Scoring::Draw(seed),
};

fn seed(inquiry: &Inquiry<'_>) -> u64 {
    let pod = inquiry.pod;
    // A manifest that was never created has no UID; its name stands in.
    let identity = if pod.uid.is_empty() { &pod.key.name } else { &pod.uid };
    inquiry.profile.seed ^ xxh3_64(identity.as_bytes())
}

/// The score of the node whose name has this hash, as a ratio.
pub(in crate::placement) fn draw(seed: u64, name_hash: u64) -> f64 {
    let draw = xxh3_64_with_seed(&name_hash.to_le_bytes(), seed);
    // The upper 53 bits, which a float holds exactly.
    (draw >> 11) as f64 / (1_u64 << 53) as f64
}
