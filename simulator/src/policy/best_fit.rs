//! BestFit: the node with the least left over (`pkg/simulator/plugin/best_fit_score.go`).

use super::Baseline;
use super::scored::{Scored, Scoring};
use crate::fragmentation::Room;
use crate::workload::Shape;

/// The table's line.
pub(super) static BASELINE: Baseline = Baseline {
    name: "best-fit",
    published: "BestFit",
    summary: "the node with the least CPU and GPU left over",
    build: |stage| Box::new(Scored::new(stage, |_| BestFit)),
};

/// What the paper's cluster has at most in one node; the terms are shares of it.
pub(super) const MOST_CPU_MILLI: f64 = 128_000.0;
pub(super) const MOST_GPU_MILLI: f64 = 8_000.0;

struct BestFit;

impl Scoring for BestFit {
    fn score(&self, shape: &Shape, _place: usize, room: &Room) -> u8 {
        let cpu = f64::from(room.cpu_milli - shape.cpu_milli) / MOST_CPU_MILLI;
        let gpu = f64::from(room.idle_milli - shape.gpu_milli()) / MOST_GPU_MILLI;
        ((1.0 - (0.5 * cpu + 0.5 * gpu)) * 100.0) as u8
    }
}
