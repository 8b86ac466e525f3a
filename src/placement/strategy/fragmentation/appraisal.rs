//! What placing a pod on a node changes, before prices are asked for.

use std::cmp::Reverse;

use super::market::Market;
use super::reserve::MAX_GROUPS;
use super::site::{Lot, Site};
use super::valuation::Valuation;
use crate::cluster::{Devices, Gaps, GpuDemand, MilliGpu, Node, PodRequest, Pool, PoolFacts, PoolKind};

/// One way to place a pod on a node, and what it changes. It holds until the node or the mix changes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::placement) struct Offer {
    /// The device, where there is a choice.
    pub(in crate::placement) device: Option<u16>,
    /// What the gaps can hold, in thousandths of a GPU.
    pub(super) devices: i32,
    /// What the CPU can feed, in thousandths of a GPU.
    pub(super) cpu: i32,
    /// What is charged for.
    pub(in crate::placement) bill: Bill,
}

/// What a placement takes of what may be scarce: prices make a cost of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(in crate::placement) struct Bill {
    /// The kind of the GPUs taken.
    pub(super) kind: u16,
    /// Thousandths of a GPU taken.
    pub(in crate::placement) taken_milli: u32,
    /// For each group of pods of several GPUs, thousandths of a slot.
    pub(super) slots: [i16; MAX_GROUPS],
}

impl Offer {
    /// What is not for sale, in thousandths of a GPU: it stays the same whatever the prices are.
    pub(in crate::placement) fn fixed_milli(&self) -> i32 {
        self.devices.wrapping_add(self.cpu)
    }
}

/// The ways to place a pod on a node that may be best: a share goes to the best broken device or to an untouched one,
/// as the price of untouched ones is.
pub(in crate::placement) type Offers = [Option<Offer>; 2];

impl Market {
    /// The ways to place the pod on a node that it fits.
    pub(in crate::placement) fn offers(&self, node: &Node, pod: &PodRequest) -> Offers {
        self.offers_at(&self.site(node), node, pod)
    }

    /// The same where the site is known.
    pub(in crate::placement) fn offers_at(&self, site: &Site, node: &Node, pod: &PodRequest) -> Offers {
        let after = After::of(self, site, node, pod);
        let Some(demand) = pod.gpus.first() else { return [Some(after.offer(None)), None] };
        let Some((facts, pool)) = node.pool(&demand.resource) else { return [None, None] };
        let share_milli = facts.kind.share(demand).0 as u16;
        let offer = |devices: &[usize]| after.offer(Some(Grant { facts, share_milli, devices }));
        if facts.kind != PoolKind::Divisible || demand.count != 1 {
            return [Some(offer(&devices(&facts.kind, &pool.gaps, demand))), None];
        }
        let lot = after.lots().find(|(_, asked, _)| std::ptr::eq(*asked, facts));
        let valuation = lot.map(|(lot, ..)| self.valued(lot.rest.kind));
        let held = |gap: u16| {
            let change = |valuation| change(valuation, gap, gap.saturating_sub(share_milli));
            rounded(nearest(2.0 * valuation.map_or(0.0, change)))
        };
        let [first, second] = ways(&pool.gaps, demand.share, held);
        let way = |device: usize| Offer { device: Some(device as u16), ..offer(&[device]) };
        [first.map(way), second.map(way)]
    }
}

/// A node as the pod's CPU leaves it, whatever devices the pod is given.
struct After<'a> {
    market: &'a Market,
    site: &'a Site,
    node: &'a Node,
    cpu: f64,
    /// By group, the slots that the CPU feeds.
    slots_fed: [f64; MAX_GROUPS],
}

/// What a pod is given of a pool.
#[derive(Clone, Copy)]
struct Grant<'a> {
    facts: &'a PoolFacts,
    share_milli: u16,
    devices: &'a [usize],
}

impl<'a> After<'a> {
    fn of(market: &'a Market, site: &'a Site, node: &'a Node, pod: &PodRequest) -> Self {
        let cpu = site.cpu_milli.saturating_sub(pod.cpu.0) as f64;
        let mut slots_fed = [0.0; MAX_GROUPS];
        if site.lots.iter().flatten().any(|lot| lot.rest.untouched > 0) {
            slots_fed.iter_mut().zip(market.groups()).for_each(|(slots, group)| *slots = group.fed(cpu));
        }
        Self { market, site, node, cpu, slots_fed }
    }

    /// The pools of known kinds.
    fn lots(&self) -> impl Iterator<Item = (&'a Lot, &'a PoolFacts, &'a Pool)> {
        let pools = self.site.lots.iter().zip(self.node.pools());
        pools.filter_map(|(lot, (facts, pool))| Some((lot.as_ref()?, facts, pool)))
    }

    fn offer(&self, grant: Option<Grant<'_>>) -> Offer {
        let mut bill = Bill::default();
        let (mut gaps, mut fed, mut slots) = (0.0, 0.0, [0.0; MAX_GROUPS]);
        for (lot, facts, pool) in self.lots() {
            let valuation = self.market.valued(lot.rest.kind);
            let mut after = lot.rest;
            if let Some(grant) = grant.filter(|grant| std::ptr::eq(grant.facts, facts)) {
                for device in grant.devices {
                    let gap = pool.gaps[*device];
                    let left = gap.saturating_sub(grant.share_milli);
                    after.take(gap, left);
                    gaps += change(valuation, gap, left);
                }
                bill.kind = lot.rest.kind as u16;
                bill.taken_milli = lot.rest.idle_milli - after.idle_milli;
            }
            fed += valuation.fed(f64::from(after.idle_milli), self.cpu) - lot.fed;
            // Without an untouched device there is no slot, before or after.
            if lot.rest.untouched > 0 {
                let begun = after.slots_begun(self.market.groups());
                for (group, slots) in slots.iter_mut().enumerate() {
                    *slots += begun[group].min(self.slots_fed[group]) - lot.slots[group];
                }
            }
        }
        for (milli, slots) in bill.slots.iter_mut().zip(slots) {
            *milli = nearest(1000.0 * slots).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
        Offer { device: None, devices: nearest(2.0 * gaps), cpu: nearest(2.0 * fed), bill }
    }
}

/// The devices that a share may go to: the broken one that holds most then, the tightest of equals, and one that is
/// untouched, the first of them.
fn ways(gaps: &Gaps, share: MilliGpu, held: impl Fn(u16) -> i32) -> [Option<usize>; 2] {
    let (mut broken, mut untouched): (Option<(i32, Reverse<u16>, usize)>, _) = (None, None);
    for (device, gap) in gaps.iter().copied().enumerate().filter(|(_, gap)| u64::from(*gap) >= share.0) {
        if gap == 1000 {
            untouched = untouched.or(Some(device));
        } else if broken.is_none_or(|(.., best)| gaps[best] != gap) {
            let way = (held(gap), Reverse(gap), device);
            broken = broken.filter(|best| (best.0, best.1) >= (way.0, way.1)).or(Some(way));
        }
    }
    match broken {
        Some((.., device)) => [Some(device), untouched],
        None => [untouched, None],
    }
}

/// What it changes that of a gap so much is left.
fn change(valuation: &Valuation, gap: u16, left: u16) -> f64 {
    valuation.gap(left) - valuation.gap(gap)
}

/// The devices that the pod will be given where there is no choice: as the device plugin gives them, untouched ones or
/// shares of the least taken; of divisible devices the tightest.
fn devices(kind: &PoolKind, gaps: &Gaps, demand: &GpuDemand) -> Devices {
    match kind {
        PoolKind::Divisible => gaps.tightest(demand),
        PoolKind::Whole | PoolKind::Mig { .. } | PoolKind::Shared { .. } => {
            let (mut devices, mut taken) = (Devices::new(), u16::MAX);
            // Few gaps differ: sorting would take longer.
            while devices.len() < demand.count as usize
                && let Some(level) = gaps.iter().copied().filter(|gap| *gap < taken).max()
            {
                let alike = (0..gaps.len()).filter(|device| gaps[*device] == level);
                devices.extend(alike.take(demand.count as usize - devices.len()));
                taken = level;
            }
            devices
        }
    }
}

/// To a tenth of a GPU: smaller differences are left to the order of nodes, which packs better than noise.
pub(super) fn rounded(milli: i32) -> i32 {
    (milli + 50).div_euclid(100)
}

/// To the nearest whole number, halves away from zero, as `f64::round`, which is a call into libm.
fn nearest(value: f64) -> i32 {
    let whole = value as i32;
    let rest = value - f64::from(whole);
    whole + i32::from(rest >= 0.5) - i32::from(rest <= -0.5)
}
