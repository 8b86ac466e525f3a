//! What is left of a node, and what it is worth before a pod.

use smallvec::SmallVec;

use super::market::Market;
use super::reserve::{Group, MAX_GROUPS, slots_begun};
use crate::cluster::{Gaps, Node, Pool, PoolFacts};

/// A node before a pod is placed there.
#[derive(Debug, Clone)]
pub(in crate::placement) struct Site {
    /// The CPU that is left, in thousandths of a core.
    pub(super) cpu_milli: u64,
    /// By pool; of a pool whose kind nobody has met nothing is known.
    pub(super) lots: SmallVec<[Option<Lot>; 1]>,
}

/// A pool before a pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lot {
    pub(super) rest: Rest,
    /// What the CPU can feed, in thousandths of a GPU.
    pub(super) fed: f64,
    /// By group, slots, those begun among them.
    pub(super) slots: [f64; MAX_GROUPS],
}

/// What is left of a pool, whatever that is worth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    /// The number of its kind.
    pub(super) kind: usize,
    pub(super) idle_milli: u32,
    pub(super) untouched: u32,
    pub(super) devices: u32,
    pub(super) healthy: u32,
}

impl Market {
    /// What a node is worth before any pod is placed there.
    pub(in crate::placement) fn site(&self, node: &Node) -> Site {
        self.site_of(node, node.pools().map(|(facts, _)| self.kind(node, facts)))
    }

    /// The same where the kinds of its pools are known.
    pub(in crate::placement) fn site_of(
        &self,
        node: &Node,
        kinds: impl Iterator<Item = Option<usize>>,
    ) -> Site {
        let lot = |(kind, (facts, pool)): (Option<usize>, _)| {
            Some(Lot { rest: Rest::of(kind?, facts, pool), fed: 0.0, slots: [0.0; MAX_GROUPS] })
        };
        let mut site = Site { cpu_milli: cpu_milli(node), lots: kinds.zip(node.pools()).map(lot).collect() };
        self.appraise(&mut site);
        site
    }

    /// Says what the site is worth by the mix of now.
    pub(in crate::placement) fn appraise(&self, site: &mut Site) {
        let cpu = site.cpu_milli as f64;
        for lot in site.lots.iter_mut().flatten() {
            lot.fed = self.valued(lot.rest.kind).fed(f64::from(lot.rest.idle_milli), cpu);
            lot.slots = lot.rest.slots_begun(self.groups());
            // Without an untouched device there is no slot that CPU could feed.
            if lot.rest.untouched > 0 {
                let fed = self.groups().iter().map(|group| group.fed(cpu));
                lot.slots.iter_mut().zip(fed).for_each(|(slots, fed)| *slots = slots.min(fed));
            }
        }
    }
}

/// The CPU that is left of a node.
pub(super) fn cpu_milli(node: &Node) -> u64 {
    node.cpu().saturating_sub(node.cpu_used()).0
}

impl Rest {
    pub(super) fn of(kind: usize, facts: &PoolFacts, pool: &Pool) -> Self {
        let gaps: &Gaps = &pool.gaps;
        Self {
            kind,
            idle_milli: gaps.iter().map(|gap| u32::from(*gap)).sum(),
            untouched: gaps.iter().filter(|gap| **gap == 1000).count() as u32,
            devices: gaps.len() as u32,
            healthy: facts.capacity.saturating_sub(pool.unhealthy) / facts.kind.units_per_device(),
        }
    }

    /// By group, the slots that the devices make, those begun among them.
    pub(super) fn slots_begun(&self, groups: &[Group]) -> [f64; MAX_GROUPS] {
        let mut slots = [0.0; MAX_GROUPS];
        if self.untouched > 0 {
            let mut last = (0, 0.0);
            for (slots, group) in slots.iter_mut().zip(groups) {
                // Groups of as many GPUs are neighbours.
                if last.0 != group.gpus {
                    last = (group.gpus, slots_begun(group.gpus, self.untouched, self.devices));
                }
                *slots = last.1;
            }
        }
        slots
    }

    pub(super) fn take(&mut self, gap: u16, left: u16) {
        self.idle_milli -= u32::from(gap - left);
        self.untouched -= u32::from(gap == 1000 && left < 1000);
    }
}
