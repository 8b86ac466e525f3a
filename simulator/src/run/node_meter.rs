//! How full each node was in the course of time.

use std::ops::Range;

use super::engine::{Record, What};
use crate::cluster::Slot;
use crate::workload::{Workload, held_milli};

/// Into how many equal parts the measured time is cut.
pub const BUCKETS: u64 = 100;

/// Listens to a run and measures each node.
#[derive(Debug)]
pub(super) struct NodeMeter {
    window_ms: Range<u64>,
    /// By slot.
    nodes: Vec<Busy>,
}

/// A node's GPUs in use, in thousandths of one.
#[derive(Debug, Clone)]
struct Busy {
    milli: u64,
    since_ms: u64,
    /// By part of the measured time, times milliseconds.
    sums: Vec<u64>,
}

impl NodeMeter {
    /// Of this time.
    pub(super) fn new(workload: &Workload, window_ms: Range<u64>) -> Self {
        let node = Busy { milli: 0, since_ms: 0, sums: vec![0; BUCKETS as usize] };
        let mut nodes = vec![node; workload.snapshot.slot_count()];
        for slot in &workload.slots {
            nodes[slot.index()].milli = workload.snapshot.at(*slot).map_or(0, |node| held_milli(node));
        }
        Self { window_ms, nodes }
    }

    /// Something happened to a pod that asks for so many thousandths of a GPU.
    pub(super) fn note(&mut self, record: &Record, gpu_milli: u64) {
        match record.what {
            What::Started { slot, .. } => self.settle(slot, record.at_ms).milli += gpu_milli,
            What::Left { slot } => self.settle(slot, record.at_ms).milli -= gpu_milli,
            What::Came | What::Refused(_) => {}
        }
    }

    /// Adds up what the node did until now.
    fn settle(&mut self, slot: Slot, now_ms: u64) -> &mut Busy {
        let (start, end) = (self.window_ms.start, self.window_ms.end);
        let bound =
            |bucket: u64| start + (u128::from(end - start) * u128::from(bucket) / u128::from(BUCKETS)) as u64;
        let node = &mut self.nodes[slot.index()];
        let (mut from, to) = (node.since_ms.max(start), now_ms.min(end));
        node.since_ms = now_ms;
        if from < to && node.milli > 0 {
            let mut bucket =
                (u128::from(from - start) * u128::from(BUCKETS) / u128::from(end - start)) as u64;
            while from < to {
                let until = bound(bucket + 1).min(to);
                if until > from {
                    node.sums[bucket as usize] += node.milli * (until - from);
                    from = until;
                }
                bucket += 1;
            }
        }
        node
    }

    /// The mean GPUs in use of each node, in the order of the workload's, in thousandths of one, rounded: for each part
    /// of the measured time.
    pub(super) fn finish(mut self, workload: &Workload) -> Vec<Vec<u64>> {
        let (start, end) = (self.window_ms.start, self.window_ms.end);
        let bound = |bucket: u64| u128::from(end - start) * u128::from(bucket) / u128::from(BUCKETS);
        let lengths: Vec<u64> =
            (0..BUCKETS).map(|bucket| (bound(bucket + 1) - bound(bucket)) as u64).collect();
        let mean = |(sum, length): (&u64, &u64)| (sum * 2 + length).checked_div(length * 2).unwrap_or(0);
        let slots = workload.slots.iter();
        slots.map(|slot| self.settle(*slot, end).sums.iter().zip(&lengths).map(mean).collect()).collect()
    }
}
