//! Where a mean lies, and where the mean of differences does.

use serde::{Deserialize, Serialize};

use super::student::{critical_95, two_sided_p};
use super::{Spread, rounded};

/// A mean with its 95 % confidence interval, by Student's t.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// How far the interval reaches to each side of it.
    pub half_width: f64,
}

/// The mean of paired differences, and how likely one as large is by chance (paired t-test).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The mean and its interval.
    pub interval: Interval,
    /// How likely a mean this far from zero is where there is no difference: 1 where all are zero, 0 where all are the
    /// same and not zero.
    pub p: f64,
}

impl Interval {
    /// Of these values; `None` of less than two, which tell nothing of how far apart they lie.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let freedom = values.len().checked_sub(2)? + 1;
        let Spread { mean, sd } = Spread::of(values);
        let half_width = rounded(critical_95(freedom) * sd / (values.len() as f64).sqrt());
        Some(Self { mean, half_width })
    }
}

impl Difference {
    /// Of the first of each pair less the second; `None` of less than two pairs.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        // Values are whole millionths: what is less is not there.
        let differences: Vec<f64> = pairs.iter().map(|(one, other)| rounded(one - other)).collect();
        let interval = Interval::of(&differences)?;
        let count = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / count;
        let squares: f64 = differences.iter().map(|value| (value - mean) * (value - mean)).sum();
        let error = (squares / (count - 1.0) / count).sqrt();
        let is_one = differences.iter().all(|value| *value == differences[0]);
        let p = match (is_one, differences[0] == 0.0) {
            (true, true) => 1.0,
            (true, false) => 0.0,
            (false, _) => two_sided_p(mean / error, differences.len() - 1),
        };
        Some(Self { interval, p })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student, *The probable error of a mean* (Biometrika 6, 1908): hours of sleep that ten patients gained by two
    /// drugs. R's `t.test(extra ~ group, paired = TRUE)` of its data set `sleep` has t = -4.0621, p = 0.002833 and an
    /// interval of -2.4598858 to -0.7001142.
    #[test]
    fn students_own_example_comes_out() {
        let one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let other = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let pairs: Vec<(f64, f64)> = one.into_iter().zip(other).collect();
        let Difference { interval, p } = Difference::of(&pairs).unwrap();
        assert!((interval.mean + 1.58).abs() < 1e-6 && (interval.half_width - 0.879_886).abs() < 2e-6);
        assert!((p - 0.002_833).abs() < 5e-7, "{p}");
    }

    #[test]
    fn what_does_not_vary_is_equal_or_different_for_certain() {
        let p = |pairs: &[(f64, f64)]| Difference::of(pairs).unwrap().p;
        assert_eq!((p(&[(1.0, 1.0), (2.0, 2.0)]), p(&[(1.1, 1.0), (2.1, 2.0)])), (1.0, 0.0));
        assert_eq!(Difference::of(&[(1.0, 2.0)]), None);
        assert_eq!(Interval::of(&[]), None);
    }
}
