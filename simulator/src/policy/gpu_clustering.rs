//! GpuClustering: pods beside their like (`pkg/simulator/plugin/gpu_clustering_score.go`, after Gandiva).

use super::Baseline;
use super::scored::{Scored, Scoring};
use crate::fragmentation::Room;
use crate::workload::Shape;

/// The table's line.
pub(super) static BASELINE: Baseline = Baseline {
    name: "gpu-clustering",
    published: "GpuClustering",
    summary: "the node that holds pods with the same number of GPUs and no others, the fullest first",
    build: |stage| Box::new(Scored::new(stage, |rooms| GpuClustering { kinds: vec![0; rooms.len()] })),
};

/// What a full node of the paper's cluster has, in thousandths of a GPU.
const MOST_GPU_MILLI: u32 = 8_000;

/// By node, which kinds of GPU pods came to it, a bit each.
struct GpuClustering {
    kinds: Vec<u64>,
}

/// The kind of a GPU pod: shares of one GPU are one kind, and so is each number of GPUs, above 62 all together.
fn kind(shape: &Shape) -> u64 {
    let number = if shape.gpus == 1 && shape.share_milli < 1000 { 0 } else { shape.gpus.min(63) };
    1 << number
}

impl Scoring for GpuClustering {
    fn score(&self, shape: &Shape, place: usize, room: &Room) -> u8 {
        if shape.gpus == 0 {
            return 0;
        }
        let fullness = 25 * MOST_GPU_MILLI.saturating_sub(room.idle_milli) / MOST_GPU_MILLI;
        let (kinds, own) = (self.kinds[place], kind(shape));
        let company = match kinds {
            0 => 25,
            kinds if kinds == own => 75,
            kinds if kinds & own != 0 => 50,
            _ => 0,
        };
        (fullness + company) as u8
    }

    fn bound(&mut self, shape: &Shape, place: usize, _room: &Room) {
        if shape.gpus > 0 {
            self.kinds[place] |= kind(shape);
        }
    }
}
