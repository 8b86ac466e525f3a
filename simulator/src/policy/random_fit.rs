//! Random: any node that fits, and any device of it (`pkg/simulator/plugin/random_score.go`).

use super::columns::{Columns, UNFIT};
use super::site::Site;
use super::{Arrival, Baseline, Place, Policy, Stage};
use crate::cluster::{Devices, Rehearsal, Slot};
use crate::draw::{Draw, Purpose};
use crate::fragmentation::Room;
use crate::workload::Shape;

/// The table's line. gpulse's own `random` differs in the device: it takes the tightest.
pub(super) static BASELINE: Baseline = Baseline {
    name: "random-fit",
    published: "Random",
    summary: "any node that fits, and any device of it",
    build: |stage| Box::new(RandomFit::new(stage)),
};

struct RandomFit<'a> {
    site: Site<'a>,
    columns: Columns,
    draw: Draw,
}

impl<'a> RandomFit<'a> {
    fn new(stage: Stage<'a>) -> Self {
        let site = Site::new(stage);
        let columns = Columns::new(stage.workload.shapes.len(), site.rooms.len());
        Self { site, columns, draw: Draw::of(stage.seed, Purpose::Policy) }
    }
}

impl Policy for RandomFit<'_> {
    fn choose(&mut self, _cluster: &Rehearsal, pod: Arrival) -> Option<Place> {
        let class = self.site.class(pod);
        let shape = self.site.stage.workload.shape(class.shape);
        let Self { site, columns, draw } = self;
        let marks = columns.of(class.shape.index(), |place| u8::from(site.rooms[place].fits(shape)));
        let fits =
            |place: &usize| marks[*place] != UNFIT && site.rooms[*place].memory_mib >= class.memory_mib;
        let fitting: Vec<usize> = (0..marks.len()).filter(fits).collect();
        let place = *fitting.get(draw.below(fitting.len()))?;
        let devices = any_devices(shape, &site.rooms[place], draw);
        Some(Place { slot: site.slot(place), devices })
    }

    fn bound(&mut self, cluster: &Rehearsal, _pod: Arrival, slot: Slot) {
        let place = self.site.look_at(cluster, slot);
        self.columns.changed(place);
    }

    fn left(&mut self, cluster: &Rehearsal, pod: Arrival, slot: Slot) {
        self.bound(cluster, pod, slot);
    }
}

/// As many of the devices that fit as the pod asks for, all choices equally likely.
fn any_devices(shape: &Shape, room: &Room, draw: &mut Draw) -> Devices {
    let fits = |device: &usize| room.gaps[*device] >= shape.share_milli;
    let mut devices: Devices = (0..room.gaps.len()).filter(fits).collect();
    draw.shuffle(&mut devices);
    devices.truncate(shape.gpus as usize);
    devices
}
