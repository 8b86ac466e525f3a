//! The market of a cluster, kept up with what changes.

use std::sync::Arc;

use super::states::{StateId, States};
use crate::cluster::{Journal, Mix, Slot, Snapshot};
use crate::placement::strategy::Market;

/// A market, and the state that each node was in when it was followed last.
#[derive(Debug, Default)]
pub(super) struct Trade {
    /// What the market has learned.
    mix: Option<Arc<Mix>>,
    market: Market,
    /// How much of the journal of slots is read.
    read: u64,
    /// By slot index.
    standing: Vec<Option<StateId>>,
    states: States,
}

impl Trade {
    /// The market as it was followed last.
    pub(super) fn market(&self) -> &Market {
        &self.market
    }

    /// The states that nodes are in.
    pub(super) fn states(&self) -> &States {
        &self.states
    }

    /// The state of the node in the slot.
    pub(super) fn state(&self, slot: Slot) -> Option<StateId> {
        self.standing[slot.index()]
    }

    /// Brings the market up to the snapshot.
    pub(super) fn follow(&mut self, snapshot: &Snapshot, changes: &Journal) {
        let mix = snapshot.mix();
        if !self.mix.as_ref().is_some_and(|known| Arc::ptr_eq(known, mix)) {
            self.learn(mix);
        }
        self.standing.resize(changes.things(), None);
        if self.read == 0 {
            self.states.reserve(changes.things());
        }
        let Self { market, standing, states, .. } = self;
        changes.since(self.read, |index| {
            let now = snapshot.at(Slot::at(index)).map(|node| states.enter(market, mix, node));
            // After it has come, so that a state in which it stays is not forgotten.
            if let Some(before) = std::mem::replace(&mut standing[index], now) {
                states.leave(market, before);
            }
        });
        self.read = changes.changes();
        self.market.set_prices();
    }

    /// Learns another mix. Nodes stay in their states, but for kinds of GPUs that no node has any more: then all is met
    /// anew, so that they leave no trace.
    fn learn(&mut self, mix: &Arc<Mix>) {
        if self.market.has_vanished_kinds() {
            for state in self.standing.iter_mut().filter_map(Option::take) {
                self.states.leave(&mut self.market, state);
            }
            self.market.forget_kinds();
            self.read = 0;
        }
        self.market.learn(mix);
        self.states.appraise(&mut self.market);
        self.mix = Some(mix.clone());
    }
}
