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
    build: |stage| {
        Box::new(Scored::new(stage, |rooms| GpuClustering { kinds: vec![Kinds::default(); rooms.len()] }))
    },
};

/// What a full node of the paper's cluster has, in thousandths of a GPU.
const MOST_GPU_MILLI: u32 = 8_000;

/// By node, which kinds of GPU pods are on it.
struct GpuClustering {
    kinds: Vec<Kinds>,
}

/// Kinds of GPU pods and how many of each there are: few, so that a list is searched at once.
#[derive(Debug, Clone, Default)]
struct Kinds(Vec<(u32, u32)>);

impl Kinds {
    fn add(&mut self, kind: u32) {
        match self.0.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, pods)) => *pods += 1,
            None => self.0.push((kind, 1)),
        }
    }

    fn remove(&mut self, kind: u32) {
        self.0.retain_mut(|(known, pods)| {
            *pods -= u32::from(*known == kind);
            *pods > 0
        });
    }
}

/// The kind of a GPU pod: shares of one GPU are one kind, and so is each number of GPUs.
fn kind(shape: &Shape) -> u32 {
    if shape.gpus == 1 && shape.share_milli < 1000 { 0 } else { shape.gpus }
}

impl Scoring for GpuClustering {
    fn score(&self, shape: &Shape, place: usize, room: &Room) -> u8 {
        if shape.gpus == 0 {
            return 0;
        }
        let fullness = 25 * MOST_GPU_MILLI.saturating_sub(room.idle_milli) / MOST_GPU_MILLI;
        let own = kind(shape);
        let company = match self.kinds[place].0.as_slice() {
            [] => 25,
            [(kind, _)] if *kind == own => 75,
            kinds if kinds.iter().any(|(kind, _)| *kind == own) => 50,
            _ => 0,
        };
        (fullness + company) as u8
    }

    fn bound(&mut self, shape: &Shape, place: usize, _room: &Room) {
        if shape.gpus > 0 {
            self.kinds[place].add(kind(shape));
        }
    }

    fn left(&mut self, shape: &Shape, place: usize, _room: &Room) {
        if shape.gpus > 0 {
            self.kinds[place].remove(kind(shape));
        }
    }
}
