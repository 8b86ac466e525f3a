//! What a node's rest is worth to the pods that are likely to come.

use super::kind::Kind;
use crate::cluster::{Mix, Wish};

/// Gaps are told apart in steps of a hundredth of a GPU.
const STEP: u16 = 10;
const STEPS: usize = 1000 / STEP as usize;

/// How many pods are offered to a gap.
const OFFERS: usize = 30;

/// What GPUs of one kind are worth, by the mix.
#[derive(Debug)]
pub(super) struct Valuation {
    pub(super) kind: Kind,
    gaps: [f64; STEPS + 1],
    feed: Feed,
}

impl Valuation {
    pub(super) fn new(kind: Kind, mix: &Mix) -> Self {
        let wishes = || mix.iter().filter(|(wish, _)| kind.suits(wish));
        let pods: f64 = mix.iter().map(|(_, count)| count as f64).sum();
        let offers: Vec<(usize, f64)> = wishes()
            .map(|(wish, count)| (steps_of(&kind, wish), if pods > 0.0 { count as f64 / pods } else { 0.0 }))
            .collect();
        let gaps = gaps(&offers);
        let feed = Feed::new(wishes().map(|(wish, count)| {
            let demand = f64::from(wish.count()) * milli_of(&kind, wish);
            (count as f64 * demand, demand / (wish.cpu.0.max(1) as f64))
        }));
        Self { kind, gaps, feed }
    }

    /// What a gap is worth over what is in it, in thousandths of a GPU: zero where all of it can be used, less
    /// otherwise.
    pub(super) fn gap(&self, milli: u16) -> f64 {
        self.gaps[usize::from(milli / STEP).min(STEPS)] - f64::from(milli)
    }

    /// How many thousandths of a GPU the CPU can feed, of those that are idle.
    pub(super) fn fed(&self, idle_milli: f64, cpu_milli: f64) -> f64 {
        self.feed.fed(idle_milli, cpu_milli)
    }
}

fn milli_of(kind: &Kind, wish: &Wish) -> f64 {
    wish.gpus.as_ref().map_or(0.0, |demand| f64::from(kind.share(demand)))
}

fn steps_of(kind: &Kind, wish: &Wish) -> usize {
    (milli_of(kind, wish) as usize).div_ceil(STEP.into())
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
