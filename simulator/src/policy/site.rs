//! The cluster as the paper's policies see it.

use super::{Arrival, Stage};
use crate::cluster::{Devices, Rehearsal, Slot};
use crate::draw::{Draw, Purpose};
use crate::fragmentation::Room;
use crate::workload::{Class, Shape};

/// The nodes in the order that breaks ties: the first of equals is taken.
///
/// The paper's simulator numbers the nodes at random for each seed and takes the smallest name among equals
/// (`core/generic_scheduler.go`). A new draw for each pod would spread them, and packs much worse.
#[must_use]
pub fn order(stage: Stage<'_>) -> Vec<Slot> {
    let mut order = stage.workload.slots.clone();
    Draw::of(stage.seed, Purpose::NodeOrder).shuffle(&mut order);
    order
}

/// What is left of each node, in the order that breaks ties.
pub(super) struct Site<'a> {
    pub(super) stage: Stage<'a>,
    pub(super) rooms: Vec<Room>,
    slots: Vec<Slot>,
    /// By slot, the place in the order.
    places: Vec<u32>,
}

impl<'a> Site<'a> {
    /// The workload's cluster with nothing on it.
    pub(super) fn new(stage: Stage<'a>) -> Self {
        let (workload, slots) = (stage.workload, order(stage));
        let mut places = vec![0; workload.snapshot.slot_count()];
        (0..).zip(&slots).for_each(|(place, slot)| places[slot.index()] = place);
        let rooms = slots.iter().map(|slot| Room::at(workload, &workload.snapshot, *slot)).collect();
        Self { stage, rooms, slots, places }
    }

    /// Looks again at a node that changed; returns its place.
    pub(super) fn look_at(&mut self, cluster: &Rehearsal, slot: Slot) -> usize {
        let place = self.places[slot.index()] as usize;
        self.rooms[place] = Room::at(self.stage.workload, cluster.snapshot(), slot);
        place
    }

    pub(super) fn slot(&self, place: usize) -> Slot {
        self.slots[place]
    }

    pub(super) fn class(&self, pod: Arrival) -> &'a Class {
        self.stage.workload.class(pod.class)
    }
}

/// The tightest devices that hold what the pod asks for: `-gpusel best`, the device choice of all but two policies.
pub(super) fn tightest(shape: &Shape, room: &Room) -> Devices {
    shape.demand.as_ref().map_or_else(Devices::new, |demand| room.gaps.tightest(demand))
}
