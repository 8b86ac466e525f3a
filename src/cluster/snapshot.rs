//! The picture that a decision is made from.

use std::num::NonZeroU64;
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

/// A node's place in a snapshot's table; stable while the node is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(super) u32);

impl Slot {
    /// The place as an index: below [`Snapshot::slot_count`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Tells two states of a node apart: of the same lineage, the same version means the very same node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(NonZeroU64);

impl Version {
    /// The version after `last`, the first one where there is none.
    fn after(last: Option<Self>) -> Self {
        Self(last.map_or(NonZeroU64::MIN, |Self(last)| last.saturating_add(1)))
    }
}

/// Whose slots and versions they are: snapshots of one [`Assembly`](super::Assembly) share a lineage.
#[derive(Debug, Clone, Default)]
pub struct Lineage(Arc<()>);

impl PartialEq for Lineage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

const CHUNK: usize = 64;

/// Neighbours in the table, which are copied together.
#[derive(Debug, Clone)]
struct Chunk {
    nodes: [Option<Arc<Node>>; CHUNK],
    /// Apart from the nodes, so that asking for a version waits for no node's memory.
    versions: [Option<Version>; CHUNK],
}

/// Nodes by slot, and slots by name.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeTable {
    pub(super) names: Arc<Names>,
    chunks: Vec<Arc<Chunk>>,
    last_version: Option<Version>,
    pub(super) lineage: Lineage,
}

impl NodeTable {
    fn get(&self, slot: Slot) -> Option<&Arc<Node>> {
        self.chunks.get(slot.index() / CHUNK)?.nodes[slot.index() % CHUNK].as_ref()
    }

    /// Puts a node, or nothing, into a slot.
    pub(super) fn put(&mut self, slot: Slot, node: Option<Arc<Node>>) {
        while self.chunks.len() <= slot.index() / CHUNK {
            self.chunks.push(Arc::new(Chunk { nodes: [const { None }; CHUNK], versions: [None; CHUNK] }));
        }
        let lasting = node.as_ref().is_some_and(|node| !node.has_nominated());
        let version = self.next_version();
        let chunk = Arc::make_mut(&mut self.chunks[slot.index() / CHUNK]);
        chunk.nodes[slot.index() % CHUNK] = node;
        chunk.versions[slot.index() % CHUNK] = lasting.then_some(version);
    }

    /// Changes the node in a slot, if there is one: in place where no other snapshot shares it.
    pub(super) fn change(&mut self, slot: Slot, change: impl FnOnce(&mut Node)) {
        let version = self.next_version();
        let Some(chunk) = self.chunks.get_mut(slot.index() / CHUNK) else { return };
        let chunk = Arc::make_mut(chunk);
        let Some(node) = &mut chunk.nodes[slot.index() % CHUNK] else { return };
        change(Arc::make_mut(node));
        if let Some(known) = &mut chunk.versions[slot.index() % CHUNK] {
            *known = version;
        }
    }

    fn next_version(&mut self) -> Version {
        let version = Version::after(self.last_version);
        self.last_version = Some(version);
        version
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
        self.at(self.slot(name)?)
    }

    /// Where the node of this name stands.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<Slot> {
        self.nodes.names.slot(name)
    }

    /// The node in this slot.
    #[must_use]
    pub fn at(&self, slot: Slot) -> Option<&Arc<Node>> {
        self.nodes.get(slot)
    }

    /// The version of the node in this slot. `None` where there is no node, and where a pod is nominated to it: what
    /// is found of such a node depends on who asks, so that nobody should remember it.
    #[must_use]
    pub fn version(&self, slot: Slot) -> Option<Version> {
        self.nodes.chunks.get(slot.index() / CHUNK)?.versions[slot.index() % CHUNK]
    }

    /// Whose slots and versions these are.
    #[must_use]
    pub fn lineage(&self) -> &Lineage {
        &self.nodes.lineage
    }

    /// All nodes, in the table's order.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.chunks.iter().flat_map(|chunk| chunk.nodes.iter()).flatten()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.names.len()
    }

    /// How many slots there are, vacant ones among them.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        self.nodes.chunks.len() * CHUNK
    }
}
