//! Scores between candidates, before they become points.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A score in millionths, 0 to 1,000,000: an integer, so that sums do not depend on the order of the candidates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Score(u32);

impl Score {
    /// The best there is.
    pub const ONE: Self = Self(1_000_000);

    /// From a ratio; what lies outside 0..=1 is clamped to it, NaN is the worst. The one door from floats.
    #[must_use]
    pub fn from_ratio(ratio: f64) -> Self {
        // Rounded by the cast, which takes NaN to zero: `f64::round` is a call into libm, and this is hot.
        Self((ratio.clamp(0.0, 1.0) * 1e6 + 0.5) as u32)
    }

    /// From millionths; what is above a million is a million.
    #[must_use]
    pub fn from_millionths(millionths: u64) -> Self {
        Self(millionths.min(1_000_000) as u32)
    }

    /// The millionths.
    #[must_use]
    pub fn millionths(self) -> u32 {
        self.0
    }

    /// The ratio, 0 to 1.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.ratio())
    }
}
