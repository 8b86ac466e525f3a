//! Live utilization as a term of the score.

use super::strategy::Direction;
use super::{Inquiry, Profile, Score};
use crate::cluster::{Confidence, FreshnessPolicy, GpuDemand, Node, PerMille, PoolKind, Snapshot, Timestamp};

/// What the measurements say for a node: a term of the score and how much it can be trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// 1 is best. Means nothing where the confidence is zero.
    pub term: Score,
    /// Zero where nothing was measured, or too long ago.
    pub confidence: Confidence,
    /// The term if the node's devices were idle: what a guess for a missing measurement may never exceed.
    pub idle: Score,
}

/// How much the load of the devices on offer counts against the load of all the pool's devices. The devices that the
/// pod may get come first; their neighbours share the bus, the CPU and the power, and break ties.
const OFFERED_SHARE: f64 = 0.75;

/// What an idle node is worth to a packing strategy, against 1 at the target.
const IDLE_PACKING_TERM: f64 = 0.5;

/// What a pool's measurements say before their age is asked for: it stays the same until the node changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gauge {
    term: Score,
    idle: Score,
    coverage: PerMille,
    sampled_at: Timestamp,
}

impl Gauge {
    /// Looks at the pool that the demand asks of. Without such a pool, or without a measurement of it, nothing is
    /// covered.
    pub(super) fn of(profile: &Profile, demand: &GpuDemand, node: &Node) -> Self {
        let Some((facts, pool)) = node.pool(&demand.resource) else { return Self::default() };
        let direction = profile.strategy.direction;
        let target = profile.utilization.target;
        let score = |offered, all| Score::from_ratio(term(direction, target, &facts.kind, offered, all));
        let idle = score(PerMille::default(), PerMille::default());
        pool.load.map_or(Self { idle, ..Self::default() }, |load| Self {
            term: score(load.offered, load.all),
            idle,
            coverage: load.coverage,
            sampled_at: load.sampled_at,
        })
    }

    /// The measurements at a moment. Age and coverage together make the confidence: a pool half of whose devices are
    /// dark is half trusted.
    pub(super) fn read(&self, clock: &Clock) -> Reading {
        let by_age = clock.confidence(self.sampled_at);
        let confidence =
            Confidence::new((u32::from(by_age.get()) * u32::from(self.coverage.get()) / 1000) as u16);
        let term = if confidence == Confidence::default() { Score::default() } else { self.term };
        Reading { term, confidence, idle: self.idle }
    }
}

/// How far samples are trusted at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    now: Timestamp,
    policy: FreshnessPolicy,
    /// What was sampled from then on is fresh: nearly all samples are, and need no more than a look.
    fresh_from: Timestamp,
}

impl Clock {
    /// At the snapshot's moment, by its policy.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let (now, policy) = (snapshot.as_of, snapshot.freshness);
        let fresh_millis = u64::try_from(policy.fresh_for.as_millis()).unwrap_or(u64::MAX);
        Self { now, policy, fresh_from: Timestamp(now.0.saturating_sub(fresh_millis)) }
    }

    fn confidence(&self, sampled_at: Timestamp) -> Confidence {
        if sampled_at >= self.fresh_from {
            return Confidence::ONE;
        }
        self.policy.confidence(self.now.since(sampled_at))
    }
}

/// Reads the node's measurements for the pod: over its demands, weighted by their counts.
pub(super) fn read(inquiry: &Inquiry<'_>, node: &Node) -> Reading {
    let clock = Clock::of(inquiry.snapshot);
    let gauge = |demand| Gauge::of(inquiry.profile, demand, node).read(&clock);
    // Nearly every pod asks of one pool: the mean of one is that one.
    if let [demand] = &*inquiry.pod.gpus {
        return gauge(demand);
    }
    let (mut units, mut trust, mut term, mut idle) = (0_u64, 0_u64, 0_u64, 0_u64);
    for demand in inquiry.pod.gpus.iter().filter(|demand| node.pool(&demand.resource).is_some()) {
        let reading = gauge(demand);
        let count = u64::from(demand.count);
        let trusted = count * u64::from(reading.confidence.get());
        units += count;
        trust += trusted;
        term += trusted * u64::from(reading.term.millionths());
        idle += count * u64::from(reading.idle.millionths());
    }
    let mean = |sum: u64, weight: u64| sum.checked_div(weight).unwrap_or(0);
    Reading {
        term: Score::from_millionths(mean(term, trust)),
        confidence: Confidence::new(mean(trust, units) as u16),
        idle: Score::from_millionths(mean(idle, units)),
    }
}

/// The term for a pool's load. Load on a whole GPU that is on offer is somebody's unaccounted use and always bad;
/// load on a share that is on offer is what packing wants up to its target.
fn term(direction: Direction, target: PerMille, kind: &PoolKind, offered: PerMille, all: PerMille) -> f64 {
    let wanted = |load: PerMille| match direction {
        Direction::Spread => 1.0 - load.ratio(),
        Direction::Pack => peak(load.ratio(), target.ratio()),
    };
    let on_offer = match kind {
        PoolKind::Shared { .. } | PoolKind::Divisible => wanted(offered),
        PoolKind::Whole | PoolKind::Mig { .. } => 1.0 - offered.ratio(),
    };
    OFFERED_SHARE * on_offer + (1.0 - OFFERED_SHARE) * wanted(all)
}

/// Rises from an idle node's worth to 1 at the target and falls to 0 at full load.
fn peak(load: f64, target: f64) -> f64 {
    match load <= target {
        true if target > 0.0 => IDLE_PACKING_TERM + (1.0 - IDLE_PACKING_TERM) * load / target,
        true => 1.0,
        false => (1.0 - load) / (1.0 - target),
    }
}
