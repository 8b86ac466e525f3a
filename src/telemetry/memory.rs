//! Framebuffer memory from its parts.

use super::dialect::Part;
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
#[derive(Debug, Default)]
struct Best(Option<(usize, Mib)>);

impl Best {
    fn add(&mut self, rank: usize, amount: Mib) {
        self.0 = match self.0 {
            Some((known, kept)) if known < rank => Some((known, kept)),
            Some((known, kept)) if known == rank => Some((rank, kept.max(amount))),
            _ => Some((rank, amount)),
        };
    }

    fn get(&self) -> Option<Mib> {
        self.0.map(|(_, amount)| amount)
    }
}

impl MemoryParts {
    /// Takes a part into account. `rank` is the metric's place in the vocabulary.
    pub(super) fn add(&mut self, part: Part, rank: usize, amount: Mib) {
        let best = match part {
            Part::Used => &mut self.used,
            Part::Free => &mut self.free,
            Part::Reserved => &mut self.reserved,
            Part::Capacity => &mut self.capacity,
        };
        best.add(rank, amount);
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
