//! What was last seen of each device, so that one that vanishes from the answers ages instead of disappearing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::by_node::ByNode;
use crate::cluster::{Gpu, Samples, Timestamp};

/// The devices of the answers so far, each with the time of the last answer that held it.
#[derive(Debug, Default)]
pub struct Roster {
    /// What the last merge returned; the board shares it.
    known: Samples,
    /// When the last answer came.
    at: Timestamp,
    /// GPUs that it did not mention, and when the last one came that did.
    missing: HashMap<Arc<str>, Timestamp>,
}

impl Roster {
    /// Takes an answer in and returns what holds after it.
    ///
    /// A half answer replaces what it speaks of. A GPU that it does not mention at all stays as it was, its samples
    /// ageing, until it has been missing for `expires_after`; a GPU that it mentions without a utilization keeps the
    /// last one for as long. A GPU is replaced with all its MIG instances, so that a new partitioning leaves none of
    /// the old one behind.
    pub fn merge(&mut self, mut answer: Samples, now: Timestamp, expires_after: Duration) -> Samples {
        let before = std::mem::take(&mut self.known);
        let left = left(&before, &answer);
        let mentioned = mentioned(&left, &answer);
        let (moved, left): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|(_, gpu)| mentioned.contains(&*gpu.uuid));
        for (node, gpus) in answer.iter_mut().filter(|(_, gpus)| gpus.iter().any(is_dark)) {
            let stayed = before.get(node).map(AsRef::as_ref).unwrap_or_default();
            for gpu in Arc::make_mut(gpus).iter_mut().filter(|gpu| is_dark(gpu)) {
                let mut known = stayed.iter().chain(moved.iter().map(|(_, gpu)| *gpu));
                let last = known.find(|known| same(known, gpu)).and_then(|known| known.utilization);
                gpu.utilization = last.filter(|last| now.since(last.sampled_at) < expires_after);
            }
        }
        let mut merged = ByNode::of(answer);
        let mut missing = HashMap::new();
        for (node, gpu) in left {
            let at = self.missing.get(&gpu.uuid).copied().unwrap_or(self.at);
            if now.since(at) < expires_after {
                missing.insert(gpu.uuid.clone(), at);
                merged.add(node, gpu.clone());
            }
        }
        *self = Self { known: merged.finish(), at: now, missing };
        self.known.clone()
    }
}

/// The devices of `before` whose GPU the answer does not mention on the same node.
fn left<'a>(before: &'a Samples, answer: &Samples) -> Vec<(&'a Arc<str>, &'a Gpu)> {
    let stays = |node, gpu: &Gpu| {
        answer.get(node).is_some_and(|gpus: &Arc<[Gpu]>| gpus.iter().any(|other| other.uuid == gpu.uuid))
    };
    let devices = before.iter().flat_map(|(node, gpus)| gpus.iter().map(move |gpu| (node, gpu)));
    devices.filter(|(node, gpu)| !stays(*node, gpu)).collect()
}

/// The GPUs among those that left that the answer mentions on another node.
fn mentioned<'a>(left: &[(&Arc<str>, &'a Gpu)], answer: &Samples) -> HashSet<&'a str> {
    let left: HashSet<&str> = left.iter().map(|(_, gpu)| &*gpu.uuid).collect();
    if left.is_empty() {
        return left;
    }
    let all = answer.values().flat_map(|gpus| gpus.iter());
    all.filter_map(|gpu| left.get(&*gpu.uuid).copied()).collect()
}

fn is_dark(gpu: &Gpu) -> bool {
    gpu.utilization.is_none()
}

fn same(one: &Gpu, other: &Gpu) -> bool {
    let instance = |gpu: &Gpu| gpu.mig.as_ref().map(|mig| mig.id);
    one.uuid == other.uuid && instance(one) == instance(other)
}
