//! A node's fragmentation in a few dozen instructions.
//!
//! The sum over the mix's shapes falls apart by what it depends on. Let `N` be the pods of the mix. A shape that fits
//! leaves out the devices that are large enough for it, so that
//!
//! `N*F = N*U - sum over the shapes that fit of pods * (sum of g_i with g_i >= d)`.
//!
//! For pods of one GPU "fits" follows from CPU and model alone (where no device is large enough the inner sum is zero),
//! so that each device counts for itself: `g_i` times the pods of those shapes with `d <= g_i`, a number in a table by
//! model, by CPU (between two requests of the mix nothing changes) and by `g_i`. For pods of several GPUs it takes the
//! number of large enough devices as well: one more table for each `d`.
//!
//! All of it in integers, so that no rounding blurs the ties that the policy `fgd` depends on.

use std::collections::BTreeSet;

use super::mix::Mix;
use super::room::Room;
use crate::cluster::{Gaps, MilliGpu};
use crate::workload::{Shape, Workload};

/// Measures the fragmentation of nodes by one mix. Values are in `1/pods` thousandths of a GPU: [`Measure::pods`].
#[derive(Debug, Clone)]
pub struct Measure {
    pods: u64,
    /// The CPU requests of the mix, ascending.
    cpus: Vec<u32>,
    /// By a device's free thousandths, how many of the one-GPU shares of the mix it holds.
    ranks: Vec<u16>,
    /// Entries of `singles` for one model and level of CPU.
    width: usize,
    /// Pods of one GPU, by model, level of CPU and rank.
    singles: Vec<u32>,
    /// Pods of several GPUs, one table for each share.
    multis: Vec<Multi>,
}

/// The pods of several GPUs that ask for the same share of each.
#[derive(Debug, Clone)]
struct Multi {
    share_milli: u16,
    /// The most GPUs that one of them asks for.
    most: usize,
    /// Pods, by model, level of CPU and number of large enough devices up to `most`.
    pods: Vec<u32>,
}

impl Measure {
    /// Prepares the tables.
    #[must_use]
    pub fn of(workload: &Workload, mix: &Mix) -> Self {
        let shapes: Vec<(&Shape, u32)> =
            mix.shapes.iter().map(|(id, pods)| (workload.shape(*id), *pods as u32)).collect();
        let shares_of = |kind: fn(&Shape) -> bool| -> Vec<u16> {
            ascending(shapes.iter().filter(|(shape, _)| kind(shape)).map(|(shape, _)| shape.share_milli))
        };
        let single: fn(&Shape) -> bool = |shape| shape.gpus == 1;
        let cpus: Vec<u32> = ascending(shapes.iter().map(|(shape, _)| shape.cpu_milli));
        let shares = shares_of(single);
        let rank = |share: u16| shares.partition_point(|other| *other <= share);
        let alone = |shape: &Shape| single(shape).then(|| rank(shape.share_milli));
        let multi = |share_milli: u16| {
            let gpus = |shape: &Shape| {
                (shape.gpus > 1 && shape.share_milli == share_milli).then_some(shape.gpus as usize)
            };
            let most = shapes.iter().filter_map(|(shape, _)| gpus(shape)).max().unwrap_or(0);
            Multi { share_milli, most, pods: satisfied(&shapes, &cpus, most + 1, gpus) }
        };
        Self {
            pods: mix.pods,
            ranks: (0..=MilliGpu::WHOLE.0 as u16).map(|gap| rank(gap) as u16).collect(),
            width: shares.len() + 1,
            singles: satisfied(&shapes, &cpus, shares.len() + 1, alone),
            multis: shares_of(|shape| shape.gpus > 1).into_iter().map(multi).collect(),
            cpus,
        }
    }

    /// The pods of the mix: what a value is to be divided by.
    #[must_use]
    pub fn pods(&self) -> u64 {
        self.pods
    }

    /// The fragmentation of a node.
    #[must_use]
    pub fn of_room(&self, room: &Room) -> u64 {
        self.view(room.model, room.cpu_milli).fragmentation(&room.gaps)
    }

    /// The tables for nodes of this model with this much CPU left.
    #[must_use]
    pub(crate) fn view(&self, model: u32, cpu_milli: u32) -> View<'_> {
        // Counted, not searched: for a few dozen the compiler compares several at a time.
        let level: u32 = self.cpus.iter().map(|cpu| u32::from(*cpu <= cpu_milli)).sum();
        let row = model as usize * (self.cpus.len() + 1) + level as usize;
        View { measure: self, row, singles: &self.singles[row * self.width..][..self.width] }
    }
}

/// What the tables say of one model and level of CPU.
pub(crate) struct View<'a> {
    measure: &'a Measure,
    row: usize,
    singles: &'a [u32],
}

impl View<'_> {
    /// The fragmentation of a node with these devices.
    pub(crate) fn fragmentation(&self, gaps: &[u16]) -> u64 {
        let idle: u64 = gaps.iter().map(|gap| u64::from(*gap)).sum();
        let usable: u64 = gaps.iter().map(|gap| self.usable_alone(*gap)).sum();
        self.measure.pods * idle - usable - self.usable_together(gaps)
    }

    /// The fragmentation of the node with `share` taken of one device, for each device that has it; equal neighbours
    /// are told once.
    pub(crate) fn after_each(&self, gaps: &Gaps, share: u16, mut tell: impl FnMut(usize, u64)) {
        let idle: u64 = gaps.iter().map(|gap| u64::from(*gap)).sum();
        let alone: u64 = gaps.iter().map(|gap| self.usable_alone(*gap)).sum();
        let together = self.usable_together(gaps);
        let mut told = None;
        for (device, gap) in gaps.iter().copied().enumerate() {
            if gap < share || told == Some(gap) {
                continue;
            }
            told = Some(gap);
            let alone = alone - self.usable_alone(gap) + self.usable_alone(gap - share);
            let together = if self.measure.multis.iter().any(|multi| gap >= multi.share_milli) {
                let mut after = gaps.clone();
                after.take(&[device], MilliGpu(share.into()));
                self.usable_together(&after)
            } else {
                together
            };
            tell(device, self.measure.pods * (idle - u64::from(share)) - alone - together);
        }
    }

    /// What the pods of one GPU can use of a device.
    pub(crate) fn usable_alone(&self, gap: u16) -> u64 {
        let rank = usize::from(self.measure.ranks[usize::from(gap)]);
        u64::from(gap) * u64::from(self.singles[rank])
    }

    /// What the pods of several GPUs can use of the devices.
    pub(crate) fn usable_together(&self, gaps: &[u16]) -> u64 {
        let of = |multi: &Multi| {
            let large = |gap: &&u16| **gap >= multi.share_milli;
            let (count, sum) = gaps
                .iter()
                .filter(large)
                .fold((0, 0), |(count, sum), gap| (count + 1, sum + u64::from(*gap)));
            let pods = multi.pods[self.row * (multi.most + 1) + multi.most.min(count)];
            sum * u64::from(pods)
        };
        self.measure.multis.iter().map(of).sum()
    }
}

/// By model, level of CPU and a column up to `width`: how many pods a node of that model satisfies that has all the CPU
/// requests up to the level, and what it takes for the columns up to that one. `column` says what a shape takes, if it
/// counts in this table.
fn satisfied(
    shapes: &[(&Shape, u32)],
    cpus: &[u32],
    width: usize,
    column: impl Fn(&Shape) -> Option<usize>,
) -> Vec<u32> {
    let models = shapes.first().map_or(0, |(shape, _)| shape.accepts.len());
    let levels = cpus.len() + 1;
    let mut table = vec![0; models * levels * width];
    for (shape, pods) in shapes {
        let Some(column) = column(shape) else { continue };
        let level = cpus.partition_point(|cpu| *cpu <= shape.cpu_milli);
        for model in (0..models).filter(|model| shape.accepts[*model]) {
            table[(model * levels + level) * width + column] += pods;
        }
    }
    // Whoever satisfies a demand satisfies the smaller ones.
    for row in table.chunks_exact_mut(width) {
        (1..width).for_each(|column| row[column] += row[column - 1]);
    }
    for model in table.chunks_exact_mut(levels * width) {
        (width..levels * width).for_each(|entry| model[entry] += model[entry - width]);
    }
    table
}

fn ascending<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.collect::<BTreeSet<T>>().into_iter().collect()
}
