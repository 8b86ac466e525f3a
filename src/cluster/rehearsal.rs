//! A cluster on which placements are tried out.

use std::sync::Arc;

use super::gaps::Devices;
use super::mix::Mix;
use super::node::Node;
use super::pod::PodRequest;
use super::snapshot::{Lineage, Slot, Snapshot};

/// A copy of a snapshot that pods are bound to and leave again, in place: what a simulation places on.
///
/// Only room is kept: CPU, memory and GPUs. The lists of pods and the measurements stay those of the snapshot.
#[derive(Debug)]
pub struct Rehearsal {
    snapshot: Snapshot,
}

impl Rehearsal {
    /// Starts from this snapshot, which itself stays as it is.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut snapshot = snapshot.clone();
        Arc::make_mut(&mut snapshot.nodes).lineage = Lineage::default();
        Self { snapshot }
    }

    /// The cluster as it stands.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Binds a pod to the node in this slot. `devices` are those of the divisible pool that its one demand asks of; where
    /// they are left empty the tightest are taken. Returns those that were taken, for [`Rehearsal::release`]; none of a
    /// pool whose devices the device plugin chooses. An empty slot stays as it is.
    pub fn bind(&mut self, slot: Slot, pod: &PodRequest, devices: &[usize]) -> Devices {
        let mut taken = Devices::new();
        self.change(slot, |node| taken = node.take(pod, devices));
        taken
    }

    /// Lets a pod leave the node that it was bound to, from the devices that it was bound to.
    pub fn release(&mut self, slot: Slot, pod: &PodRequest, devices: &[usize]) {
        self.change(slot, |node| node.give_back(pod, devices));
    }

    /// Says what pods will ask for: a simulation learns it from those that have arrived.
    pub fn learn(&mut self, mix: Mix) {
        Arc::make_mut(&mut self.snapshot.nodes).mix = Arc::new(mix);
    }

    /// Loses the node in this slot with all that is on it: nothing fits there any more. What was there is returned,
    /// for [`Rehearsal::restore`]; `None` where nothing was.
    pub fn lose(&mut self, slot: Slot) -> Option<Arc<Node>> {
        let lost = self.snapshot.at(slot)?.clone();
        let ruins = Node::assemble(Arc::new(lost.facts().without_room()), Vec::new(), Arc::new([]));
        self.change(slot, |node| *node = ruins);
        Some(lost)
    }

    /// Puts a node that was lost back as it was.
    pub fn restore(&mut self, slot: Slot, lost: &Node) {
        self.change(slot, |node| node.clone_from(lost));
    }

    fn change(&mut self, slot: Slot, change: impl FnOnce(&mut Node)) {
        Arc::make_mut(&mut self.snapshot.nodes).change(slot, change);
    }
}
