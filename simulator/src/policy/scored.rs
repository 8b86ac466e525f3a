//! Policies that give each node a score of its own and take the first of the best.

use super::columns::{Columns, UNFIT, best};
use super::site::{Site, tightest};
use super::{Arrival, Place, Policy, Stage};
use crate::cluster::{Devices, Rehearsal, Slot};
use crate::fragmentation::Room;
use crate::workload::{Shape, ShapeId};

/// How a policy scores. A node's score for a shape must not change unless a pod is bound to that node or
/// leaves it.
pub(super) trait Scoring {
    /// The score of a node that a pod of this shape fits, 0 to 100. `place` names the node.
    fn score(&self, shape: &Shape, place: usize, room: &Room) -> u8;

    /// The devices of the chosen node.
    fn devices(&self, shape: &Shape, _place: usize, room: &Room) -> Devices {
        tightest(shape, room)
    }

    /// A pod of this shape was bound to the node, of which this is left.
    fn bound(&mut self, _shape: &Shape, _place: usize, _room: &Room) {}

    /// A pod of this shape has left the node, of which this is left.
    fn left(&mut self, _shape: &Shape, _place: usize, _room: &Room) {}
}

/// A policy made of a way to score.
pub(super) struct Scored<'a, S> {
    site: Site<'a>,
    columns: Columns,
    scoring: S,
}

impl<'a, S: Scoring> Scored<'a, S> {
    /// Over the workload's cluster with nothing on it; `scoring` is made from the nodes in their places.
    pub(super) fn new(stage: Stage<'a>, scoring: impl FnOnce(&[Room]) -> S) -> Self {
        let site = Site::new(stage);
        let columns = Columns::new(stage.workload.shapes.len(), site.rooms.len());
        Self { columns, scoring: scoring(&site.rooms), site }
    }

    fn shape(&self, id: ShapeId) -> &'a Shape {
        self.site.stage.workload.shape(id)
    }
}

impl<S: Scoring> Policy for Scored<'_, S> {
    fn choose(&mut self, _cluster: &Rehearsal, pod: Arrival) -> Option<Place> {
        let class = self.site.class(pod);
        let shape = self.shape(class.shape);
        let Self { site, columns, scoring } = self;
        let marks = columns.of(class.shape.index(), |place| {
            let room = &site.rooms[place];
            if room.fits(shape) { scoring.score(shape, place, room) + 1 } else { UNFIT }
        });
        let place = best(marks, |place| site.rooms[place].memory_mib >= class.memory_mib)?;
        let devices = scoring.devices(shape, place, &site.rooms[place]);
        Some(Place { slot: site.slot(place), devices })
    }

    fn bound(&mut self, cluster: &Rehearsal, pod: Arrival, slot: Slot) {
        let shape = self.shape(self.site.class(pod).shape);
        let place = self.site.look_at(cluster, slot);
        self.scoring.bound(shape, place, &self.site.rooms[place]);
        self.columns.changed(place);
    }

    fn left(&mut self, cluster: &Rehearsal, pod: Arrival, slot: Slot) {
        let shape = self.shape(self.site.class(pod).shape);
        let place = self.site.look_at(cluster, slot);
        self.scoring.left(shape, place, &self.site.rooms[place]);
        self.columns.changed(place);
    }
}
