//! The cluster's fragmentation while pods come and go.

use super::measure::Measure;
use super::room::Room;
use crate::cluster::{Slot, Snapshot};
use crate::workload::Workload;

/// The fragmentation of each node and their sum, kept up node by node.
#[derive(Debug)]
pub struct Ledger<'a> {
    workload: &'a Workload,
    measure: &'a Measure,
    by_slot: Vec<u64>,
    sum: u64,
}

impl<'a> Ledger<'a> {
    /// Of a cluster as it stands.
    #[must_use]
    pub fn of(workload: &'a Workload, measure: &'a Measure, snapshot: &Snapshot) -> Self {
        let mut ledger = Self { workload, measure, by_slot: vec![0; snapshot.slot_count()], sum: 0 };
        workload.slots.iter().for_each(|slot| ledger.changed(snapshot, *slot));
        ledger
    }

    /// Measures a node again that a pod came to or left.
    pub fn changed(&mut self, snapshot: &Snapshot, slot: Slot) {
        let now = self.measure.of_room(&Room::at(self.workload, snapshot, slot));
        let before = std::mem::replace(&mut self.by_slot[slot.index()], now);
        self.sum = self.sum - before + now;
    }

    /// Idle GPU that the pods of the mix cannot use, in thousandths of a GPU.
    #[must_use]
    pub fn milli(&self) -> f64 {
        self.sum as f64 / self.measure.pods().max(1) as f64
    }
}
