//! The names of nodes, as far as a draw reads them.

use crate::cluster::{Journal, Slot, Snapshot};

/// The hashes of all names, in a row: a draw among thousands should not wait for the nodes themselves.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By slot index.
    hashes: Vec<u64>,
    /// How much of the journal of slots is read.
    read: u64,
}

impl Names {
    /// Brings them up to the snapshot.
    pub(super) fn follow(&mut self, snapshot: &Snapshot, changes: &Journal) {
        self.hashes.resize(changes.things(), 0);
        changes.since(self.read, |index| {
            let node = snapshot.at(Slot::at(index));
            self.hashes[index] = node.map_or(0, |node| node.name_hash());
        });
        self.read = changes.changes();
    }

    /// The hash of the name of the node in the slot.
    #[inline]
    pub(super) fn hash(&self, slot: Slot) -> u64 {
        self.hashes[slot.index()]
    }
}
