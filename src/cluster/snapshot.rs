//! The picture that a decision is made from.

use std::sync::Arc;

use super::gpu::FreshnessPolicy;
use super::names::Names;
use super::node::Node;
use super::units::Timestamp;

/// The cluster at one moment: immutable, cheap to clone, and cheap to derive from its predecessor.
///
/// Nodes stand in chunks that snapshots share: a change to one node copies its chunk of pointers and nothing else.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The moment that ages of measurements are counted to.
    pub as_of: Timestamp,
    /// How old a measurement may be.
    pub freshness: FreshnessPolicy,
    pub(super) nodes: Arc<NodeTable>,
}

/// A node's place in a snapshot's table; stable while the set of nodes stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(super) u32);

pub(super) const CHUNK: usize = 64;

/// Nodes by slot, and slots by name.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeTable {
    pub(super) names: Arc<Names>,
    pub(super) chunks: Vec<Arc<[Option<Arc<Node>>; CHUNK]>>,
}

impl NodeTable {
    pub(super) fn get(&self, slot: Slot) -> Option<&Arc<Node>> {
        let slot = slot.0 as usize;
        self.chunks.get(slot / CHUNK)?[slot % CHUNK].as_ref()
    }
}

impl Snapshot {
    /// A snapshot of nothing.
    #[must_use]
    pub fn empty(as_of: Timestamp) -> Self {
        Self { as_of, freshness: FreshnessPolicy::default(), nodes: Arc::default() }
    }

    /// The node of this name, if the snapshot has it.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Arc<Node>> {
        self.nodes.get(self.nodes.names.slot(name)?)
    }

    /// All nodes, in the table's order.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.chunks.iter().flat_map(|chunk| chunk.iter()).flatten()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.names.len()
    }
}
