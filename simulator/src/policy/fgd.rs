//! FGD, fragmentation gradient descent: the node whose fragmentation grows least
//! (Weng et al., USENIX ATC 2023, algorithm 1; `pkg/simulator/plugin/fgd_score.go`).
//!
//! The score is the change on a sigmoid, cut to whole hundredths. The cut matters: changes within about 40 thousandths
//! of a GPU are equal, and the fixed order of nodes decides, which fills one node after the other. Without it the
//! default workload ends 2.5 % lower.

use super::scored::{Scored, Scoring};
use super::site::tightest;
use super::{Baseline, Stage};
use crate::cluster::{Devices, MilliGpu};
use crate::fragmentation::{Measure, Room};
use crate::workload::Shape;

/// The table's line.
pub(super) static BASELINE: Baseline = Baseline {
    name: "fgd",
    published: "FGD",
    summary: "the node and device whose fragmentation grows least (fragmentation gradient descent)",
    build: |stage| Box::new(Scored::new(stage, |rooms| Fgd::new(stage, rooms))),
};

struct Fgd<'a> {
    measure: &'a Measure,
    /// By place, the node's fragmentation.
    now: Vec<u64>,
    steps: Steps,
}

/// The sigmoid, cut to whole hundredths: for each score from 1 to 99 the least gain that makes it, in the units of the
/// measure. Numbers in a table, so that every machine cuts at the same gain.
struct Steps([i64; 99]);

impl Steps {
    fn of(measure: &Measure) -> Self {
        let gpu = (measure.pods() * MilliGpu::WHOLE.0) as f64;
        // 100 / (1 + exp(-gain)) >= score, solved for the gain.
        let least = |score: f64| (gpu * (score / (100.0 - score)).ln()).ceil() as i64;
        Self(std::array::from_fn(|index| least(index as f64 + 1.0)))
    }

    /// The score of a node whose fragmentation shrinks by `gain`.
    fn score(&self, gain: i64) -> u8 {
        self.0.partition_point(|least| *least <= gain) as u8
    }
}

impl<'a> Fgd<'a> {
    fn new(stage: Stage<'a>, rooms: &[Room]) -> Self {
        let measure = stage.measure;
        let now = rooms.iter().map(|room| measure.of_room(room)).collect();
        Self { measure, now, steps: Steps::of(measure) }
    }

    /// The score of a node whose fragmentation would be `after`.
    fn step(&self, place: usize, after: u64) -> u8 {
        self.steps.score(self.now[place] as i64 - after as i64)
    }
}

impl Scoring for Fgd<'_> {
    fn score(&self, shape: &Shape, place: usize, room: &Room) -> u8 {
        let view = self.measure.view(room.model, room.cpu_milli - shape.cpu_milli);
        let after = match shape.gpus {
            0 => view.fragmentation(&room.gaps),
            1 => {
                let mut least = u64::MAX;
                view.after_each(&room.gaps, shape.share_milli, |_, after| least = least.min(after));
                least
            }
            _ => {
                let mut gaps = room.gaps.clone();
                gaps.take(&tightest(shape, room), MilliGpu(shape.share_milli.into()));
                view.fragmentation(&gaps)
            }
        };
        self.step(place, after)
    }

    /// The device that made the score; the first of equals.
    fn devices(&self, shape: &Shape, place: usize, room: &Room) -> Devices {
        if shape.gpus != 1 {
            return tightest(shape, room);
        }
        let mut best: Option<(u8, usize)> = None;
        let view = self.measure.view(room.model, room.cpu_milli - shape.cpu_milli);
        view.after_each(&room.gaps, shape.share_milli, |device, after| {
            let step = self.step(place, after);
            if best.is_none_or(|(top, _)| step > top) {
                best = Some((step, device));
            }
        });
        best.iter().map(|(_, device)| *device).collect()
    }

    fn bound(&mut self, _shape: &Shape, place: usize, room: &Room) {
        self.now[place] = self.measure.of_room(room);
    }

    fn left(&mut self, shape: &Shape, place: usize, room: &Room) {
        self.bound(shape, place, room);
    }
}
