//! What is remembered of each node.

use crate::cluster::{BLOCK, Node, Slot, Snapshot, Version};

/// One value for each node, by slot. The nodes of a block are looked after together, once for each decision.
#[derive(Debug)]
pub(super) struct Column<T> {
    turn: u64,
    pages: Vec<Page<T>>,
}

/// The values of a block.
#[derive(Debug, Clone)]
struct Page<T> {
    /// The decision that has looked after it last.
    turn: u64,
    /// What the block was then.
    version: Option<Version>,
    versions: [Option<Version>; BLOCK],
    values: [T; BLOCK],
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { turn: 0, pages: Vec::new() }
    }
}

impl<T: Copy + Default> Column<T> {
    /// For a decision on this snapshot.
    pub(super) fn next_turn(&mut self, snapshot: &Snapshot) {
        self.turn += 1;
        let page = Page { turn: 0, version: None, versions: [None; BLOCK], values: [T::default(); BLOCK] };
        self.pages.resize(snapshot.block_count().max(self.pages.len()), page);
    }

    /// What is remembered of the node in the slot, or else found.
    pub(super) fn recall(&mut self, snapshot: &Snapshot, slot: Slot, find: impl Fn(&Node) -> T) -> &T {
        let page = &mut self.pages[slot.index() / BLOCK];
        if page.turn != self.turn {
            page.turn = self.turn;
            page.look_after(snapshot, slot.index() / BLOCK, find);
        }
        &page.values[slot.index() % BLOCK]
    }
}

impl<T> Page<T> {
    /// Finds anew what has changed. What is found of a node that a pod is nominated to depends on who asks, so the
    /// next decision finds that anew, too.
    fn look_after(&mut self, snapshot: &Snapshot, block: usize, find: impl Fn(&Node) -> T) {
        if self.version.is_some() && self.version == snapshot.block_version(block) {
            return;
        }
        // Known again only when all of it is: nothing half done is taken for done, should `find` panic.
        self.version = None;
        let mut lasting = true;
        for (place, (version, node)) in snapshot.block(block).enumerate() {
            let Some(node) = node.filter(|_| self.versions[place] != version) else { continue };
            self.values[place] = find(node);
            self.versions[place] = version.filter(|_| !node.has_nominated());
            lasting &= !node.has_nominated();
        }
        self.version = snapshot.block_version(block).filter(|_| lasting);
    }
}
