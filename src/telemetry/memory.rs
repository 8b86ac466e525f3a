//! Framebuffer memory from its parts.

use std::cmp::Ordering;

use super::dialect::{Part, Rank};
use super::reading::DropReason;
use crate::cluster::Mib;

/// The parts of one device's framebuffer memory that the answer held.
#[derive(Debug, Default)]
pub(super) struct MemoryParts {
    used: Best,
    free: Best,
    reserved: Best,
    capacity: Best,
}

/// What is used, and how much there is in all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) used: Option<Mib>,
    pub(super) total: Option<Mib>,
}

/// The amount under the best name, and of several under one name the largest: a pod's share in a device is less.
#[derive(Debug)]
struct Best {
    /// `Rank::MAX` where there is none.
    rank: Rank,
    mib: u32,
}

impl Default for Best {
    fn default() -> Self {
        Self { rank: Rank::MAX, mib: 0 }
    }
}

impl Best {
    fn add(&mut self, rank: Rank, mib: u32) {
        *self = match rank.cmp(&self.rank) {
            Ordering::Less => Self { rank, mib },
            Ordering::Equal => Self { rank, mib: mib.max(self.mib) },
            Ordering::Greater => return,
        };
    }

    fn get(&self) -> Option<Mib> {
        (self.rank < Rank::MAX).then_some(Mib(self.mib.into()))
    }
}

impl MemoryParts {
    /// Takes a part into account: an amount in MiB.
    pub(super) fn add(&mut self, part: Part, rank: Rank, mib: u32) {
        let best = match part {
            Part::Used => &mut self.used,
            Part::Free => &mut self.free,
            Part::Reserved => &mut self.reserved,
            Part::Capacity => &mut self.capacity,
        };
        best.add(rank, mib);
    }

    /// The total is the capacity, or else the sum of what is used, free and reserved; exporters that are older than
    /// the reserved part leave it out.
    pub(super) fn sum(&self) -> Result<Memory, DropReason> {
        let (used, free) = (self.used.get(), self.free.get());
        let parts = || Some(used? + free? + self.reserved.get().unwrap_or_default());
        let total = self.capacity.get().or_else(parts);
        match (used, total) {
            // Integrated GPUs without memory of their own report zeros.
            (_, Some(Mib(0))) => Err(DropReason::NoMemory),
            (Some(used), Some(total)) if used > total => Err(DropReason::AboveRange),
            _ => Ok(Memory { used, total }),
        }
    }
}
