//! The market of a cluster, kept up with what changes.

use std::sync::Arc;

use crate::cluster::{BLOCK, Mix, Node, Snapshot, Version};
use crate::placement::strategy::Market;
use crate::placement::strategy::fragmentation::Stock;

/// A market, and what each node has added to its stock.
#[derive(Debug, Default)]
pub(super) struct Trade {
    learned: Option<(Arc<Mix>, Market)>,
    blocks: Vec<Counted>,
}

/// What the nodes of a block have added.
#[derive(Debug, Clone)]
struct Counted {
    version: Option<Version>,
    versions: [Option<Version>; BLOCK],
    stocks: [Option<Stock>; BLOCK],
}

impl Trade {
    /// The market as it was followed last.
    pub(super) fn market(&self) -> Option<&Market> {
        self.learned.as_ref().map(|(_, market)| market)
    }

    /// Brings the market up to the snapshot, and says whether it is a new one, by another mix.
    pub(super) fn follow(&mut self, snapshot: &Snapshot) -> bool {
        let known = self.learned.take().filter(|(mix, _)| Arc::ptr_eq(mix, snapshot.mix()));
        let is_new = known.is_none();
        if is_new {
            self.blocks.clear();
        }
        let (mix, mut market) =
            known.unwrap_or_else(|| (snapshot.mix().clone(), Market::empty(snapshot.mix())));
        let nothing = Counted { version: None, versions: [None; BLOCK], stocks: [const { None }; BLOCK] };
        self.blocks.resize(snapshot.block_count().max(self.blocks.len()), nothing);
        for (block, counted) in self.blocks.iter_mut().enumerate() {
            if counted.version == snapshot.block_version(block) {
                continue;
            }
            counted.version = snapshot.block_version(block);
            for (place, (version, node)) in snapshot.block(block).enumerate() {
                if counted.versions[place] != version {
                    counted.versions[place] = version;
                    counted.recount(place, node, &mix, &mut market);
                }
            }
        }
        market.set_prices();
        self.learned = Some((mix, market));
        is_new
    }
}

impl Counted {
    fn recount(&mut self, place: usize, node: Option<&Node>, mix: &Mix, market: &mut Market) {
        let after = node.map(|node| {
            market.meet(mix, node);
            market.stock_of(node)
        });
        market.restock(self.stocks[place].as_ref(), after.as_ref());
        self.stocks[place] = after;
    }
}
