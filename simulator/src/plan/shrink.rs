//! Which nodes could go.

use std::cmp::Reverse;
use std::sync::Arc;

use super::loss::{Evacuation, gpu_milli};
use super::settle::Settled;
use crate::cluster::Slot;

/// Nodes that could go, with every pod that had a place still having one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shrunk {
    /// The nodes, in the order in which they go.
    pub nodes: Vec<Gone>,
}

/// A node that could go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Its name.
    pub name: Arc<str>,
    /// Its GPU model, where it is known.
    pub model: Option<String>,
    /// Its GPUs.
    pub gpus: u64,
    /// Pods that move to other nodes first.
    pub moved: u64,
}

/// Takes away up to `at_most` nodes, one after the other, whose pods all find a place on the nodes that are left: those
/// with the fewest GPUs in use first, of equals those with the most GPUs. A node that cannot go is passed over; it is
/// not tried again, since what is left only becomes fuller.
pub fn shrink(settled: &mut Settled, at_most: usize) -> Shrunk {
    let mut order: Vec<Slot> = settled.order().to_vec();
    let snapshot = settled.cluster.snapshot();
    order.sort_by_cached_key(|slot| {
        let all = gpu_milli(snapshot, *slot);
        let pools = snapshot.at(*slot).into_iter().flat_map(|node| node.pools());
        let idle: u64 = pools.flat_map(|(_, pool)| pool.gaps.iter()).map(|gap| u64::from(*gap)).sum();
        (all - idle, Reverse(all), snapshot.at(*slot).map(|node| node.name().clone()))
    });
    let mut shrunk = Shrunk::default();
    for slot in order {
        if shrunk.nodes.len() == at_most {
            break;
        }
        let Some(node) = settled.cluster.snapshot().at(slot).cloned() else { continue };
        let (gpus, moved) = (gpu_milli(settled.cluster.snapshot(), slot) / 1000, settled.tenants(slot).len());
        let evacuation = Evacuation::of(settled, &[slot]);
        if evacuation.homeless.is_empty() {
            let model = node.model().map(ToString::to_string);
            shrunk.nodes.push(Gone { name: node.name().clone(), model, gpus, moved: moved as u64 });
        } else {
            evacuation.undo(settled);
        }
    }
    shrunk
}
