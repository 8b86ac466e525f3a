//! Which nodes changed from one decision to the next.

use crate::cluster::{BLOCK, Journal, Snapshot, Version};

/// What was followed of a cluster, and a journal of the slots whose nodes changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    blocks: Vec<Block>,
    journal: Journal,
}

/// The nodes of a block as they were followed last.
#[derive(Debug, Clone)]
struct Block {
    version: Option<Version>,
    versions: [Option<Version>; BLOCK],
}

impl Changes {
    /// By slot index, what changed.
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Notes what is another node, or in another state, than when it was followed last.
    pub(super) fn follow(&mut self, snapshot: &Snapshot) {
        let nothing = Block { version: None, versions: [None; BLOCK] };
        self.blocks.resize(snapshot.block_count().max(self.blocks.len()), nothing);
        self.journal.resize(self.blocks.len() * BLOCK);
        for (number, block) in self.blocks.iter_mut().enumerate() {
            let version = snapshot.block_version(number);
            if block.version == version {
                continue;
            }
            block.version = version;
            // An older snapshot may lack the block.
            let versions = snapshot.block(number).map(|(version, _)| version).chain([None; BLOCK]);
            for (place, (known, version)) in block.versions.iter_mut().zip(versions).enumerate() {
                if *known != version {
                    *known = version;
                    self.journal.changed(number * BLOCK + place);
                }
            }
        }
    }
}
