//! What a node's rest is worth to the pods that are likely to come.

use std::sync::Arc;

use super::kind::Kind;
use crate::cluster::{MilliCpu, Mix, Wish};

/// Gaps are told apart in steps of a hundredth of a GPU.
const STEP: u16 = 10;
const STEPS: usize = 1000 / STEP as usize;

/// How many pods are offered to a gap.
const OFFERS: usize = 30;

/// What GPUs of one kind are worth, by the mix.
#[derive(Debug)]
pub(super) struct Valuation {
    pub(super) kind: Kind,
    /// One for all kinds that the same pods suit.
    tables: Arc<Tables>,
}

#[derive(Debug)]
struct Tables {
    demands: Vec<Demand>,
    gaps: [f64; STEPS + 1],
    feed: Feed,
}

/// What pods of one wish ask of a kind.
#[derive(Debug, PartialEq)]
struct Demand {
    pods: u64,
    gpus: u32,
    share_milli: u16,
    cpu: MilliCpu,
}

impl Valuation {
    /// `others` are those of the same mix: what is worked out for one is not worked out again.
    pub(super) fn new(kind: Kind, mix: &Mix, others: &[Self]) -> Self {
        let demand = |(wish, pods): (&Wish, u64)| {
            let gpus = wish.gpus.as_ref().filter(|_| kind.suits(wish))?;
            Some(Demand { pods, gpus: gpus.count, share_milli: kind.share(gpus), cpu: wish.cpu })
        };
        let demands: Vec<Demand> = mix.iter().filter_map(demand).collect();
        let known = others.iter().find(|other| other.tables.demands == demands);
        let tables = known.map_or_else(|| Arc::new(Tables::of(demands, mix)), |other| other.tables.clone());
        Self { kind, tables }
    }

    /// What a gap is worth over what is in it, in thousandths of a GPU: zero where all of it can be used, less
    /// otherwise.
    pub(super) fn gap(&self, milli: u16) -> f64 {
        self.tables.gaps[usize::from(milli / STEP).min(STEPS)] - f64::from(milli)
    }

    /// How many thousandths of a GPU the CPU can feed, of those that are idle.
    pub(super) fn fed(&self, idle_milli: f64, cpu_milli: f64) -> f64 {
        self.tables.feed.fed(idle_milli, cpu_milli)
    }
}

impl Tables {
    fn of(demands: Vec<Demand>, mix: &Mix) -> Self {
        let pods: f64 = mix.iter().map(|(_, count)| count as f64).sum();
        let share = |demand: &Demand| if pods > 0.0 { demand.pods as f64 / pods } else { 0.0 };
        let offers: Vec<(usize, f64)> = demands
            .iter()
            .map(|demand| (usize::from(demand.share_milli.div_ceil(STEP)), share(demand)))
            .collect();
        let feed = Feed::new(demands.iter().map(|demand| {
            let milli = f64::from(demand.gpus) * f64::from(demand.share_milli);
            (demand.pods as f64 * milli, milli / (demand.cpu.0.max(1) as f64))
        }));
        Self { demands, gaps: gaps(&offers), feed }
    }
}

/// What a gap of each size can hold in expectation, where so many pods of the mix are offered to it and each may be
/// refused: `W^j(g) = sum of p(d) * max(W^(j-1)(g), d + W^(j-1)(g - d)) + the rest of p * W^(j-1)(g)`.
fn gaps(offers: &[(usize, f64)]) -> [f64; STEPS + 1] {
    let mut chance = [0.0; STEPS + 1];
    offers.iter().filter(|(steps, _)| *steps > 0).for_each(|(steps, share)| chance[*steps] += share);
    let sizes: Vec<(usize, f64)> = (1..=STEPS).map(|steps| (steps, chance[steps])).collect();
    let sizes: Vec<_> = sizes.into_iter().filter(|(_, chance)| *chance > 0.0).collect();
    let mut worth = [0.0_f64; STEPS + 1];
    for _ in 0..OFFERS {
        let mut gain = [0.0; STEPS + 1];
        for (steps, chance) in &sizes {
            let milli = (*steps * usize::from(STEP)) as f64;
            for ((gain, left), before) in gain[*steps..].iter_mut().zip(&worth).zip(&worth[*steps..]) {
                *gain += chance * (milli + left - before).max(0.0);
            }
        }
        worth.iter_mut().zip(gain).for_each(|(worth, gain)| *worth += gain);
    }
    worth
}

/// `H(U, C)`: the mean over the mix, by demand, of how many of `U` idle thousandths pods of one wish could use with
/// `C` thousandths of a CPU core.
#[derive(Debug)]
struct Feed {
    /// Thousandths of a GPU for each thousandth of a core, smallest first.
    ratios: Vec<f64>,
    /// Up to each ratio, the sum of weight times ratio.
    fed: Vec<f64>,
    /// Up to each ratio, the sum of weights.
    weights: Vec<f64>,
}

impl Feed {
    /// From each wish's weight and ratio.
    fn new(wishes: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut wishes: Vec<(f64, f64)> = wishes.filter(|(weight, _)| *weight > 0.0).collect();
        wishes.sort_by(|a, b| a.1.total_cmp(&b.1));
        let total: f64 = wishes.iter().map(|(weight, _)| weight).sum();
        let (mut fed, mut weight) = (0.0, 0.0);
        let mut feed = Self { ratios: Vec::new(), fed: vec![0.0], weights: vec![0.0] };
        for (more, ratio) in wishes {
            fed += more / total * ratio;
            weight += more / total;
            feed.ratios.push(ratio);
            feed.fed.push(fed);
            feed.weights.push(weight);
        }
        feed
    }

    fn fed(&self, idle_milli: f64, cpu_milli: f64) -> f64 {
        // Wishes that want much CPU for a GPU run out of it first.
        let starved = self.ratios.partition_point(|ratio| ratio * cpu_milli < idle_milli);
        let all = self.weights.last().copied().unwrap_or_default();
        cpu_milli * self.fed[starved] + idle_milli * (all - self.weights[starved])
    }
}
