//! Means, and how far values lie apart.

use serde::{Deserialize, Serialize};

/// The mean of some values and their standard deviation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean; zero of nothing.
    pub mean: f64,
    /// The standard deviation of a sample (divided by `n - 1`); zero of a single value.
    pub sd: f64,
}

impl Spread {
    /// Of these values, in this order: floats do not add up the same in another.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
        Self { mean: rounded(mean), sd: rounded(sd) }
    }
}

/// To a millionth: what is printed is what is computed with, so that results can be joined later without a loss.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
