//! How long pods waited.

/// The waits of some pods, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WaitTimes {
    /// How many pods.
    pub pods: u64,
    /// The mean; zero of nobody.
    pub mean_ms: f64,
    /// What half of them did not wait longer than.
    pub p50_ms: u64,
    /// What 95 of a hundred did not wait longer than.
    pub p95_ms: u64,
    /// What 99 of a hundred did not wait longer than.
    pub p99_ms: u64,
    /// The longest.
    pub longest_ms: u64,
}

impl WaitTimes {
    /// Of these waits, which it sorts. Percentiles are waits that occurred (nearest rank).
    pub(super) fn of(waits_ms: &mut [u64]) -> Self {
        waits_ms.sort_unstable();
        let Some(longest_ms) = waits_ms.last().copied() else { return Self::default() };
        let percentile = |percent: usize| waits_ms[(waits_ms.len() * percent).div_ceil(100) - 1];
        let sum: u128 = waits_ms.iter().map(|wait_ms| u128::from(*wait_ms)).sum();
        Self {
            pods: waits_ms.len() as u64,
            mean_ms: sum as f64 / waits_ms.len() as f64,
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
            longest_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_waits_that_occurred() {
        let mut waits_ms: Vec<u64> = (1..=200).rev().collect();
        let waits = WaitTimes::of(&mut waits_ms);
        assert_eq!((waits.p50_ms, waits.p95_ms, waits.p99_ms, waits.longest_ms), (100, 190, 198, 200));
        assert_eq!((waits.pods, waits.mean_ms), (200, 100.5));
        let one = WaitTimes::of(&mut [7]);
        assert_eq!((one.p50_ms, one.p99_ms), (7, 7));
        assert_eq!(WaitTimes::of(&mut []), WaitTimes::default());
    }
}
