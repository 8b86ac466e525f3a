//! Affinity: the node whose GPUs, labels and neighbours suit the pod best.

use super::binpack::weighted_mean;
use super::{Direction, Note, Scoring, Strategy};
use crate::cluster::{Hold, ModelPattern, Node};
use crate::placement::{Inquiry, OwnerRule};

/// The table's line.
pub static STRATEGY: Strategy = Strategy {
    name: "affinity",
    summary: "the preferred GPU model, the smallest GPU memory that suffices, preferred labels, the owner's other pods",
    direction: Direction::Spread,
    scoring: Scoring::Class(ratio),
};

fn ratio(inquiry: &Inquiry<'_>, node: &Node, note: &mut Note<'_>) -> f64 {
    let rules = &inquiry.profile.affinity;
    let labels = rules.labels.iter().map(|label| label.weight).sum();
    let parts: [(&'static str, u32, Part); 4] = [
        ("model", rules.model_weight, model_rank),
        ("gpu-memory", rules.memory_weight, memory_fit),
        ("labels", labels, label_share),
        ("owner", rules.owner_weight, owner_share),
    ];
    let wanted = parts.into_iter().filter(|(_, weight, _)| *weight > 0);
    weighted_mean(wanted.map(|(name, weight, part)| {
        let value = part(inquiry, node);
        note(name, value);
        (weight, value)
    }))
}

/// One rule's share of what it wants, 0 to 1.
type Part = fn(&Inquiry<'_>, &Node) -> f64;

/// 1 for the first model of the list, falling evenly to 0 for one that is not on it.
fn model_rank(inquiry: &Inquiry<'_>, node: &Node) -> f64 {
    let pods_own = &inquiry.pod.models;
    let ranking: &[ModelPattern] =
        if pods_own.is_empty() { &inquiry.profile.affinity.models } else { pods_own };
    let place = node.model().and_then(|model| ranking.iter().position(|pattern| pattern.accepts(model)));
    place.map_or(0.0, |place| 1.0 - place as f64 / ranking.len() as f64)
}

/// What the pod asks for over what a GPU has: 1 where nothing is left over. A pod that asks for no memory is content
/// with the smallest GPU: 16 GiB over what a GPU has.
fn memory_fit(inquiry: &Inquiry<'_>, node: &Node) -> f64 {
    const SMALL_GPU_MIB: f64 = 16_384.0;
    let wanted = inquiry.pod.min_gpu_memory.map_or(SMALL_GPU_MIB, |memory| memory.0 as f64);
    node.gpu_memory().filter(|memory| memory.0 > 0).map_or(0.0, |memory| (wanted / memory.0 as f64).min(1.0))
}

/// The weight of the preferred labels that the node has, of the weight of all of them.
fn label_share(inquiry: &Inquiry<'_>, node: &Node) -> f64 {
    let has = |key: &str, value: Option<&str>| {
        node.facts().labels.get(key).is_some_and(|found| value.is_none_or(|value| **found == *value))
    };
    let labels = inquiry.profile.affinity.labels.iter();
    weighted_mean(
        labels.map(|label| (label.weight, f64::from(u8::from(has(&label.key, label.value.as_deref()))))),
    )
}

/// `n/(n+1)` for `n` other pods of the owner on the node, or the rest to 1 where distance is wanted. The pod's own
/// nomination is no neighbour; a pod that is bound is one, whoever asks.
fn owner_share(inquiry: &Inquiry<'_>, node: &Node) -> f64 {
    let Some(owner) = &inquiry.pod.owner else { return 0.0 };
    let others =
        node.pods_of(owner).filter(|other| other.hold == Hold::Bound || other.request.key != inquiry.pod.key);
    let count = others.count() as f64;
    match inquiry.profile.affinity.owner {
        OwnerRule::Near => count / (count + 1.0),
        OwnerRule::Far => 1.0 / (count + 1.0),
    }
}
