//! DotProd: the node whose rest points least along the demand (`pkg/simulator/plugin/dot_product_score.go`).

use super::Baseline;
use super::best_fit::{MOST_CPU_MILLI, MOST_GPU_MILLI};
use super::scored::{Scored, Scoring};
use crate::fragmentation::Room;
use crate::workload::Shape;

/// The table's line.
pub(super) static BASELINE: Baseline = Baseline {
    name: "dot-product",
    published: "DotProd",
    summary: "the node whose free CPU and GPU have the smallest dot product with the demand",
    build: |stage| Box::new(Scored::new(stage, |_| DotProduct)),
};

struct DotProduct;

impl Scoring for DotProduct {
    /// The smaller the product the better: the reverse of Tetris' alignment, and what the paper's simulator does.
    fn score(&self, shape: &Shape, _place: usize, room: &Room) -> u8 {
        let cpu = f64::from(room.cpu_milli) / MOST_CPU_MILLI * (f64::from(shape.cpu_milli) / MOST_CPU_MILLI);
        let gpu =
            f64::from(room.idle_milli) / MOST_GPU_MILLI * (f64::from(shape.gpu_milli()) / MOST_GPU_MILLI);
        (100.0 * (1.0 - (cpu + gpu) / 2.0)) as u8
    }
}
