//! GpuPacking: devices in use before free ones, nodes in use before free ones
//! (`pkg/simulator/plugin/gpu_packing_score.go`, after Gavel's and Kubernetes' packing).

use super::Baseline;
use super::scored::{Scored, Scoring};
use crate::cluster::MilliGpu;
use crate::fragmentation::Room;
use crate::workload::Shape;

/// The table's line.
pub(super) static BASELINE: Baseline = Baseline {
    name: "gpu-packing",
    published: "GpuPacking",
    summary: "shares of GPUs in use first, then free GPUs of nodes in use, then free nodes",
    build: |stage| Box::new(Scored::new(stage, |_| GpuPacking)),
};

const WHOLE: u16 = MilliGpu::WHOLE.0 as u16;

struct GpuPacking;

impl Scoring for GpuPacking {
    fn score(&self, shape: &Shape, _place: usize, room: &Room) -> u8 {
        if shape.gpus == 0 {
            return 0;
        }
        let free = room.gaps.iter().filter(|gap| **gap == WHOLE).count();
        if free == room.gaps.len() {
            return 33_usize.saturating_sub(free).max(free).min(100) as u8;
        }
        let mut used: Vec<u16> = room.gaps.iter().copied().filter(|gap| *gap >= shape.share_milli).collect();
        used.sort_unstable();
        used.truncate(shape.gpus as usize);
        let whole = used.iter().filter(|gap| **gap == WHOLE).count();
        if whole > 0 {
            return 50_usize.saturating_sub(whole).max(33) as u8;
        }
        let left_pct: u16 = used.iter().map(|gap| gap / 10).sum();
        100_u16.saturating_sub(left_pct / 10).max(50) as u8
    }
}
