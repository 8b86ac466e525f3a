//! The market of a cluster, kept up with what changes.

use std::sync::Arc;

use super::states::{StateId, States};
use crate::cluster::{Journal, Mix, Slot, Snapshot};
use crate::placement::strategy::Market;

/// A market, and the state that each node was in when it was followed last.
#[derive(Debug, Default)]
pub(super) struct Trade {
    learned: Option<(Arc<Mix>, Market)>,
    /// How much of the journal of slots is read.
    read: u64,
    /// By slot index.
    standing: Vec<Option<StateId>>,
    states: States,
}

impl Trade {
    /// The market as it was followed last.
    pub(super) fn market(&self) -> Option<&Market> {
        self.learned.as_ref().map(|(_, market)| market)
    }

    /// The states that nodes are in.
    pub(super) fn states(&self) -> &States {
        &self.states
    }

    /// The state of the node in the slot.
    pub(super) fn state(&self, slot: Slot) -> Option<StateId> {
        self.standing[slot.index()]
    }

    /// Brings the market up to the snapshot, and says whether it is a new one, by another mix.
    pub(super) fn follow(&mut self, snapshot: &Snapshot, changes: &Journal) -> bool {
        let known = self.learned.take().filter(|(mix, _)| Arc::ptr_eq(mix, snapshot.mix()));
        let is_new = known.is_none();
        if is_new {
            *self = Self::default();
        }
        let (mix, mut market) =
            known.unwrap_or_else(|| (snapshot.mix().clone(), Market::empty(snapshot.mix())));
        self.standing.resize(changes.things(), None);
        changes.since(self.read, |index| {
            let now = snapshot.at(Slot::at(index)).map(|node| {
                market.meet(&mix, node);
                self.states.enter(&mut market, node)
            });
            // After it has come, so that a state in which it stays is not forgotten.
            if let Some(before) = std::mem::replace(&mut self.standing[index], now) {
                self.states.leave(&mut market, before);
            }
        });
        self.read = changes.changes();
        market.set_prices();
        self.learned = Some((mix, market));
        is_new
    }
}
