//! What is left of a node.

use crate::cluster::{Gaps, Node, Slot, Snapshot};
use crate::workload::{GPU, Shape, Workload};

/// What is left of a node, in one small row: scoring reads thousands of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// CPU in thousandths.
    pub cpu_milli: u32,
    /// GPUs in thousandths, of all devices together.
    pub idle_milli: u32,
    /// The number of the GPU model.
    pub model: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// What is left of each device, in their order.
    pub gaps: Gaps,
}

impl Room {
    /// Of the node in this slot of a snapshot, or of nothing where there is none.
    #[must_use]
    pub fn at(workload: &Workload, snapshot: &Snapshot, slot: Slot) -> Self {
        let model = workload.models[slot.index()];
        match snapshot.at(slot) {
            Some(node) => Self::of(node, model),
            None => Self { cpu_milli: 0, idle_milli: 0, model, memory_mib: 0, gaps: Gaps::default() },
        }
    }

    fn of(node: &Node, model: u32) -> Self {
        let gaps = node.pool(GPU).map_or_else(Gaps::default, |(_, pool)| pool.gaps.clone());
        Self {
            cpu_milli: node.cpu().saturating_sub(node.cpu_used()).0 as u32,
            idle_milli: gaps.iter().map(|gap| u32::from(*gap)).sum(),
            model,
            memory_mib: node.memory().saturating_sub(node.memory_used()).0,
            gaps,
        }
    }

    /// Whether a pod of this shape fits, memory apart.
    #[must_use]
    pub fn fits(&self, shape: &Shape) -> bool {
        self.cpu_milli >= shape.cpu_milli
            && self.idle_milli >= shape.gpu_milli()
            && shape.accepts[self.model as usize]
            && self.holds(shape.gpus, shape.share_milli)
    }

    /// Whether so many devices have at least this much left.
    fn holds(&self, gpus: u32, share_milli: u16) -> bool {
        let enough = self.gaps.iter().map(|gap| u32::from(*gap >= share_milli));
        gpus == 0 || enough.sum::<u32>() >= gpus
    }
}
