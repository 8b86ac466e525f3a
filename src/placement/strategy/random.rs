//! Random: uniform over the nodes, and the same again for the same seed, pod and node.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{Direction, Note, Scoring, Strategy};
use crate::cluster::Node;
use crate::placement::Inquiry;

/// The table's line.
pub static STRATEGY: Strategy = Strategy {
    name: "random",
    summary: "uniform over the nodes, drawn from the profile's seed, the pod's UID and the node's name",
    direction: Direction::Spread,
    scoring: Scoring::Pod(ratio),
};

fn ratio(inquiry: &Inquiry<'_>, node: &Node, note: &mut Note<'_>) -> f64 {
    let pod = inquiry.pod;
    // A manifest that was never created has no UID; its name stands in.
    let identity = if pod.uid.is_empty() { &pod.key.name } else { &pod.uid };
    let seed = inquiry.profile.seed ^ xxh3_64(identity.as_bytes());
    let draw = xxh3_64_with_seed(&node.name_hash().to_le_bytes(), seed);
    // The upper 53 bits, which a float holds exactly.
    let ratio = (draw >> 11) as f64 / (1_u64 << 53) as f64;
    note("draw", ratio);
    ratio
}
