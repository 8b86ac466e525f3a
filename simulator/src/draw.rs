//! Randomness that stays the same.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// What is drawn, so that one thing's draws do not shift another's: every policy meets the same pods in the same order.
///
/// The number picks the stream. PCG's are odd: it sets the lowest bit, so that 4 and 5 would be one and the same; these are all odd.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Which pods arrive, and in which order.
    Arrivals = 1,
    /// The order of nodes, by which ties are broken.
    NodeOrder = 3,
    /// What a policy draws for itself.
    Policy = 9,
    /// When pods come.
    Gaps = 5,
    /// How long they run.
    Lives = 7,
    /// How many come together.
    Bursts = 11,
    /// Which of the pods that may come do, where the time of day matters.
    Rhythm = 13,
}

/// A stream of draws that follows from a seed alone, on any machine and with any version of our dependencies.
///
/// The generator is PCG XSL RR 128/64 (O'Neill 2014), whose output `rand_pcg` promises not to change; it is pinned all
/// the same, and a test knows the first draws. Shuffles and ranges are our own: those of `rand` may change.
#[derive(Debug, Clone)]
pub(crate) struct Draw(Pcg64);

impl Draw {
    /// The stream for this seed and purpose.
    pub(crate) fn of(seed: u64, purpose: Purpose) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&scrambled(seed).to_le_bytes());
        bytes[8..16].copy_from_slice(&scrambled(!seed).to_le_bytes());
        bytes[16] = purpose as u8;
        Self(Pcg64::from_seed(bytes))
    }

    /// A number below `bound`, all of them equally likely but for one part in 2^64 / `bound`. Zero where `bound` is.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    /// A number from the exponential distribution with this mean, cut to a whole one.
    ///
    /// Von Neumann's method (1951): whether a falling run of draws has odd length decides, so that nothing but
    /// comparisons is needed and every machine draws the same.
    pub(crate) fn exponential(&mut self, mean: u64) -> u64 {
        for whole in 0.. {
            let first = self.0.next_u64();
            let (mut last, mut odd) = (first, true);
            loop {
                let next = self.0.next_u64();
                if next >= last {
                    break;
                }
                (last, odd) = (next, !odd);
            }
            if odd {
                let part = (u128::from(first) * u128::from(mean)) >> 64;
                return mean.saturating_mul(whole).saturating_add(part as u64);
            }
        }
        u64::MAX
    }

    /// Puts the items into a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Spreads neighbouring seeds over all 64 bits (the finalizer of `splitmix64`, Steele et al. 2014).
fn scrambled(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seeds_draws_never_change() {
        let mut draw = Draw::of(42, Purpose::Arrivals);
        let first: Vec<usize> = (0..6).map(|_| draw.below(1000)).collect();
        assert_eq!(first, [670, 25, 651, 342, 509, 457]);
        let mut cards = [0, 1, 2, 3, 4, 5, 6, 7];
        Draw::of(42, Purpose::NodeOrder).shuffle(&mut cards);
        assert_eq!(cards, [1, 6, 5, 2, 0, 7, 3, 4]);
    }

    #[test]
    fn gaps_and_lives_have_nothing_to_do_with_each_other_or_with_who_comes() {
        let purposes = [Purpose::Arrivals, Purpose::Gaps, Purpose::Lives];
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let (mut one, mut other) = (Draw::of(42, purposes[one]), Draw::of(42, purposes[other]));
            let pairs =
                (0..100_000).map(|_| (one.below(1000) as f64 - 499.5, other.below(1000) as f64 - 499.5));
            // The correlation; that of independent draws has a standard deviation of 0.003.
            let correlation: f64 = pairs.map(|(one, other)| one * other).sum::<f64>() / 1e5 / (1e6 / 12.0);
            assert!(correlation.abs() < 0.012, "{correlation}");
        }
    }

    #[test]
    fn exponential_draws_have_their_distribution() {
        let mut draw = Draw::of(42, Purpose::Gaps);
        let draws: Vec<u64> = (0..100_000).map(|_| draw.exponential(1_000_000)).collect();
        let share_below = |bound: u64| draws.iter().filter(|value| **value < bound).count() as f64 / 1e5;
        // Half lie below the mean times ln 2; e^-1 and e^-3 of them above one and three means.
        for (bound, share) in [(693_147, 0.5), (1_000_000, 0.632_121), (3_000_000, 0.950_213)] {
            assert!((share_below(bound) - share).abs() < 0.006, "{bound}: {}", share_below(bound));
        }
        assert_eq!(draw.exponential(0), 0);
    }
}
