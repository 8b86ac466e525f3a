//! How many more of a pod fit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::settle::Settled;
use crate::cluster::PodRequest;
use crate::placement::Reason;

/// How many more of a pod fit, and what stops the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    /// How many found a place, one after the other.
    pub fit: u64,
    /// On how many nodes.
    pub nodes: u64,
    /// Why each node refuses the next, with how many nodes do.
    pub refusals: BTreeMap<Reason, u64>,
}

/// Places copies of the pod until one finds no place, and lets them all leave again. `None` where there is no end to
/// them, since the pod asks for nothing.
pub fn copies(settled: &mut Settled, pod: &PodRequest) -> Option<Copies> {
    if pod.gpus.is_empty() && pod.cpu.0 == 0 && pod.memory.0 == 0 {
        return None;
    }
    let pod = Arc::new(pod.clone());
    let mut places = Vec::new();
    while let Some(slot) = settled.place(&pod) {
        places.push(slot);
    }
    let refusals = settled.refusals(&pod);
    places.iter().rev().for_each(|slot| settled.evict_last(*slot));
    let nodes: BTreeSet<_> = places.iter().collect();
    Some(Copies { fit: places.len() as u64, nodes: nodes.len() as u64, refusals })
}
