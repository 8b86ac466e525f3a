//! The picture that a decision is made from.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::gpu::FreshnessPolicy;
use super::mix::Mix;
use super::names::Names;
use super::node::Node;
use super::units::Timestamp;

/// The cluster at one moment: immutable, cheap to clone, and cheap to derive from its predecessor.
///
/// Nodes stand in blocks that snapshots share: a change to one node copies its block of pointers and nothing else.
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
    /// The place with this index.
    #[must_use]
    pub fn at(index: usize) -> Self {
        Self(index as u32)
    }

    /// The place as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Tells two states of a node, or of a block of nodes, apart: of the same lineage, the same version means the very same.
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

/// How many neighbours in the table make a block: they are copied together.
pub const BLOCK: usize = 64;

/// Neighbours in the table.
#[derive(Debug, Clone)]
struct Block {
    nodes: [Option<Arc<Node>>; BLOCK],
    versions: [Option<Version>; BLOCK],
    /// Of the last change to any of them.
    version: Version,
}

/// Nodes by slot, and slots by name.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeTable {
    pub(super) names: Arc<Names>,
    blocks: Vec<Arc<Block>>,
    last_version: Option<Version>,
    pub(super) lineage: Lineage,
    pub(super) mix: Arc<Mix>,
}

impl NodeTable {
    fn get(&self, slot: Slot) -> Option<&Arc<Node>> {
        self.blocks.get(slot.index() / BLOCK)?.nodes[slot.index() % BLOCK].as_ref()
    }

    /// Puts a node, or nothing, into a slot.
    pub(super) fn put(&mut self, slot: Slot, node: Option<Arc<Node>>) {
        let version = self.next_version();
        while self.blocks.len() <= slot.index() / BLOCK {
            let block = Block { nodes: [const { None }; BLOCK], versions: [None; BLOCK], version };
            self.blocks.push(Arc::new(block));
        }
        let block = Arc::make_mut(&mut self.blocks[slot.index() / BLOCK]);
        block.nodes[slot.index() % BLOCK] = node;
        block.versions[slot.index() % BLOCK] = Some(version);
        block.version = version;
    }

    /// Changes the node in a slot, if there is one: in place where no other snapshot shares it.
    pub(super) fn change(&mut self, slot: Slot, change: impl FnOnce(&mut Node)) {
        let version = self.next_version();
        let Some(block) = self.blocks.get_mut(slot.index() / BLOCK) else { return };
        let block = Arc::make_mut(block);
        let Some(node) = &mut block.nodes[slot.index() % BLOCK] else { return };
        change(Arc::make_mut(node));
        block.versions[slot.index() % BLOCK] = Some(version);
        block.version = version;
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

    /// Where the nodes of these names stand, in their order: faster than one after the other.
    pub fn slots<'n, N: AsRef<str>>(&self, names: &'n [N], found: impl FnMut(&'n str, Option<Slot>)) {
        self.nodes.names.slots(names, found);
    }

    /// The node in this slot.
    #[must_use]
    pub fn at(&self, slot: Slot) -> Option<&Arc<Node>> {
        self.nodes.get(slot)
    }

    /// The version of a block of the table, `slot.index() / BLOCK`: another one as soon as any of its nodes is.
    #[must_use]
    pub fn block_version(&self, block: usize) -> Option<Version> {
        self.nodes.blocks.get(block).map(|block| block.version)
    }

    /// The nodes of a block, by `slot.index() % BLOCK`, each with its version.
    pub fn block(&self, block: usize) -> impl Iterator<Item = (Option<Version>, Option<&Node>)> {
        let blocks = self.nodes.blocks.get(block).into_iter();
        blocks.flat_map(|block| {
            let nodes = block.nodes.iter().map(|node| node.as_ref().map(AsRef::as_ref));
            block.versions.iter().copied().zip(nodes)
        })
    }

    /// How many slots there are, vacant ones among them.
    #[must_use]
    pub fn slot_count(&self) -> usize {
        self.block_count() * BLOCK
    }

    /// How many blocks the table has.
    #[must_use]
    pub fn block_count(&self) -> usize {
        self.nodes.blocks.len()
    }

    /// Whose slots and versions these are.
    #[must_use]
    pub fn lineage(&self) -> &Lineage {
        &self.nodes.lineage
    }

    /// What the pods of the cluster ask for, as it was learned last. The same [`Arc`] until it is learned anew.
    #[must_use]
    pub fn mix(&self) -> &Arc<Mix> {
        &self.nodes.mix
    }

    /// All nodes, in the table's order.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.blocks.iter().flat_map(|block| block.nodes.iter()).flatten()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.names.len()
    }
}
