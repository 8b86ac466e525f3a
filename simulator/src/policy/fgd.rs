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

/// The sigmoid's inverse, `ln(s / (100 - s))`, for the scores `s` from 51 to 99: written out, since logarithms differ in
/// the last bit from machine to machine. For `100 - s` it is the same below zero.
const LOGITS: [f64; 49] = [
    0.040005334613699164,
    0.08004270767353643,
    0.12014431184206324,
    0.1603426500751794,
    0.20067069546215116,
    0.24116205681688807,
    0.2818511521409877,
    0.322773392263051,
    0.36396537720141164,
    0.4054651081081644,
    0.44731221804366483,
    0.4895482253187058,
    0.5322168137473082,
    0.5753641449035618,
    0.6190392084062234,
    0.6632942174102642,
    0.7081850579244858,
    0.7537718023763802,
    0.8001193001121132,
    0.8472978603872036,
    0.8953840470548414,
    0.9444616088408514,
    0.994622575144062,
    1.0459685551826876,
    1.0986122886681098,
    1.1526795099383855,
    1.2083112059245342,
    1.2656663733312759,
    1.3249254147435985,
    1.3862943611198906,
    1.4500101755059982,
    1.5163474893680884,
    1.5856272637403819,
    1.6582280766035324,
    1.7346010553881064,
    1.8152899666382492,
    1.900958761193047,
    1.992430164690206,
    2.0907410969337694,
    2.1972245773362196,
    2.3136349291806306,
    2.4423470353692043,
    2.586689344097943,
    2.751535313041949,
    2.9444389791664403,
    3.1780538303479458,
    3.4760986898352733,
    3.8918202981106265,
    4.59511985013459,
];

impl Steps {
    fn of(measure: &Measure) -> Self {
        let gpu = (measure.pods() * MilliGpu::WHOLE.0) as f64;
        // 100 / (1 + exp(-gain)) >= score, solved for the gain.
        let least = |score: usize| match score {
            51.. => gpu * LOGITS[score - 51],
            50 => 0.0,
            _ => -gpu * LOGITS[49 - score],
        };
        Self(std::array::from_fn(|index| least(index + 1).ceil() as i64))
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

#[cfg(test)]
mod tests {
    use super::LOGITS;

    #[test]
    fn the_logits_are_those_of_the_scores() {
        for (score, logit) in (51..).map(f64::from).zip(LOGITS) {
            let computed = (score / (100.0 - score)).ln();
            assert!((logit - computed).abs() <= 1e-15, "{score}: {logit} is not {computed}");
        }
    }
}
