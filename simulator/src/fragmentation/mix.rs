//! The pods that fragmentation is measured by.

use crate::workload::{GPU, Shape, ShapeId, Workload};

/// Shapes of pods and how many of each there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    /// The shapes and their pods, the most frequent first.
    pub shapes: Vec<(ShapeId, u64)>,
    /// All pods of the mix.
    pub pods: u64,
}

/// How many pods of a hundred the mix stands for (`podPopularityThreshold`).
const POPULARITY_PCT: u64 = 95;

impl Mix {
    /// The workload's typical pods: its most frequent shapes, until they are 95 % of all pods. Among shapes as
    /// frequent as each other the larger comes first (`pkg/utils/frag.go`, `GetTypicalPods`). Fragmentation is that of
    /// one resource: pods that ask for another have no part in it.
    #[must_use]
    pub fn typical(workload: &Workload) -> Self {
        let concerned = |shape: &Shape| shape.demand.as_ref().is_none_or(|demand| *demand.resource == *GPU);
        let all: u64 = workload.shapes.iter().filter(|shape| concerned(shape)).map(|shape| shape.pods).sum();
        let mut ids: Vec<ShapeId> = workload.classes.iter().map(|class| class.shape).collect();
        ids.retain(|id| concerned(workload.shape(*id)));
        ids.sort_unstable();
        ids.dedup();
        ids.sort_by_key(|id| {
            let shape = workload.shape(*id);
            std::cmp::Reverse((shape.pods, shape.cpu_milli, shape.gpu_milli()))
        });
        let mut mix = Self { shapes: Vec::new(), pods: 0 };
        for id in ids {
            if mix.pods * 100 >= all * POPULARITY_PCT {
                break;
            }
            let pods = workload.shape(id).pods;
            mix.shapes.push((id, pods));
            mix.pods += pods;
        }
        mix
    }
}
