//! What placing a pod on a node changes, before prices are asked for.

use smallvec::SmallVec;

use super::kind::share;
use super::market::Market;
use super::reserve::MAX_GROUPS;
use crate::cluster::{Devices, Gaps, GpuDemand, Node, PodRequest, PoolFacts, PoolKind};

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

/// What a pod asks of a pool, and the devices that it would get.
#[derive(Clone, Copy)]
struct Grant<'a> {
    facts: &'a PoolFacts,
    demand: &'a GpuDemand,
    devices: &'a [usize],
}

impl Market {
    /// The ways to place the pod on a node that it fits.
    pub(in crate::placement) fn offers(&self, node: &Node, pod: &PodRequest) -> Offers {
        let Some(demand) = pod.gpus.first() else { return [Some(self.offer(node, pod, None)), None] };
        let Some((facts, pool)) = node.pool(&demand.resource) else { return [None, None] };
        let take = |devices: &[usize]| self.offer(node, pod, Some(Grant { facts, demand, devices }));
        if facts.kind != PoolKind::Divisible || demand.count != 1 {
            return [Some(take(&devices(&facts.kind, &pool.gaps, demand))), None];
        }
        let mut ways: SmallVec<[usize; 8]> =
            (0..pool.gaps.len()).filter(|device| u64::from(pool.gaps[*device]) >= demand.share.0).collect();
        ways.sort_by_key(|device| pool.gaps[*device]);
        let is_untouched = |device: &usize| pool.gaps[*device] == 1000;
        let untouched = ways.iter().copied().find(is_untouched);
        // All of one node and price: what tells them apart is what their gaps can hold. Of equals the tightest.
        let valuation = self.valuation(node, facts).map(|(_, valuation)| valuation);
        let held = |device: usize| {
            let gap = pool.gaps[device];
            let left = gap.saturating_sub(share(&facts.kind, demand));
            valuation.map_or(0, |valuation| nearest(2.0 * (valuation.gap(left) - valuation.gap(gap))))
        };
        let broken = ways.iter().copied().filter(|device| !is_untouched(device));
        let broken = broken.map(|device| (rounded(held(device)), device));
        let broken = broken.reduce(|best, other| if other.0 > best.0 { other } else { best });
        let broken = broken.map(|(_, device)| device);
        let way = |device: usize| Offer { device: Some(device as u16), ..take(&[device]) };
        if broken.is_some() { [broken.map(way), untouched.map(way)] } else { [untouched.map(way), None] }
    }

    fn offer(&self, node: &Node, pod: &PodRequest, grant: Option<Grant<'_>>) -> Offer {
        let cpu_before = node.cpu().saturating_sub(node.cpu_used()).0;
        let cpu_after = cpu_before.saturating_sub(pod.cpu.0);
        let mut bill = Bill::default();
        let (mut gaps, mut fed, mut slots) = (0.0, 0.0, [0.0; MAX_GROUPS]);
        for (facts, pool) in node.pools() {
            let Some((kind, valuation)) = self.valuation(node, facts) else { continue };
            let mut after = Rest::of(&pool.gaps);
            let before = after;
            if let Some(grant) = grant.filter(|grant| grant.facts.resource == facts.resource) {
                let share = share(&facts.kind, grant.demand);
                for device in grant.devices {
                    let gap = pool.gaps[*device];
                    let left = gap.saturating_sub(share);
                    after.take(gap, left);
                    gaps += valuation.gap(left) - valuation.gap(gap);
                }
                bill.kind = kind as u16;
                bill.taken_milli = before.idle_milli - after.idle_milli;
            }
            fed += valuation.fed(f64::from(after.idle_milli), cpu_after as f64)
                - valuation.fed(f64::from(before.idle_milli), cpu_before as f64);
            for (group, slots) in self.groups().iter().zip(&mut slots) {
                *slots += group.slots_begun(after.untouched, after.devices, cpu_after)
                    - group.slots_begun(before.untouched, before.devices, cpu_before);
            }
        }
        let milli = |slots: f64| nearest(1000.0 * slots).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        bill.slots = slots.map(milli);
        Offer { device: None, devices: nearest(2.0 * gaps), cpu: nearest(2.0 * fed), bill }
    }
}

/// What is left of a pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    pub(super) idle_milli: u32,
    pub(super) untouched: u32,
    pub(super) devices: u32,
}

impl Rest {
    pub(super) fn of(gaps: &Gaps) -> Self {
        Self {
            idle_milli: gaps.iter().map(|gap| u32::from(*gap)).sum(),
            untouched: gaps.iter().filter(|gap| **gap == 1000).count() as u32,
            devices: gaps.len() as u32,
        }
    }

    fn take(&mut self, gap: u16, left: u16) {
        self.idle_milli -= u32::from(gap - left);
        self.untouched -= u32::from(gap == 1000 && left < 1000);
    }
}

/// The devices that the pod will be given where there is no choice: as the device plugin gives them, untouched ones or
/// shares of the least taken; of divisible devices the tightest.
fn devices(kind: &PoolKind, gaps: &Gaps, demand: &GpuDemand) -> Devices {
    match kind {
        PoolKind::Divisible => gaps.tightest(demand),
        PoolKind::Whole | PoolKind::Mig { .. } | PoolKind::Shared { .. } => {
            let mut devices: Devices = (0..gaps.len()).collect();
            devices.sort_by_key(|device| std::cmp::Reverse(gaps[*device]));
            devices.truncate(demand.count as usize);
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
