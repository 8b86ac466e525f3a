//! Which nodes could go.

use std::cmp::Reverse;
use std::sync::Arc;

use super::loss::Evacuation;
use super::settle::Settled;
use crate::cluster::{MilliGpu, Node, Slot};
use crate::workload::gpus;

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
    let snapshot = settled.cluster.snapshot();
    let standing = settled.order().iter().filter_map(|slot| Some((*slot, snapshot.at(*slot)?.clone())));
    let mut order: Vec<(Slot, Arc<Node>)> = standing.collect();
    order.sort_by_cached_key(|(_, node)| {
        let gaps = node.pools().flat_map(|(_, pool)| pool.gaps.iter());
        let in_use: u64 = gaps.map(|gap| MilliGpu::WHOLE.0 - u64::from(*gap)).sum();
        (in_use, Reverse(gpus(node)), node.name().clone())
    });
    let mut shrunk = Shrunk::default();
    for (slot, node) in order {
        if shrunk.nodes.len() == at_most {
            break;
        }
        let (gpus, moved) = (gpus(&node), settled.tenants(slot).len() as u64);
        let evacuation = Evacuation::of(settled, &[slot]);
        if evacuation.homeless.is_empty() {
            let model = node.model().map(ToString::to_string);
            shrunk.nodes.push(Gone { name: node.name().clone(), model, gpus, moved });
        } else {
            evacuation.undo(settled);
        }
    }
    shrunk
}
