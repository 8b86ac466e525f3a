//! Integers that carry their unit in the type.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Declares a quantity: a transparent `u64` that adds, subtracts without wrapping, and prints with its unit.
macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $suffix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The difference, or zero where `other` is larger.
            #[must_use]
            pub fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self(0), Add::add)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{}", $suffix), self.0)
            }
        }
    };
}

unit!(
    /// Thousandths of a CPU core: 1000 is one core.
    MilliCpu, "m"
);
unit!(
    /// Mebibytes. Requests are rounded up to it and capacities down.
    Mib, " MiB"
);

unit!(
    /// Thousandths of a GPU: 1000 is a whole one.
    MilliGpu, "m"
);

impl MilliGpu {
    /// A whole GPU.
    pub const WHOLE: Self = Self(1000);
}

/// Thousandths, 0 to 1000: the integer form of a ratio.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u16")]
pub struct PerMille(u16);

impl From<u16> for PerMille {
    fn from(thousandths: u16) -> Self {
        Self::new(thousandths)
    }
}

impl PerMille {
    /// The whole: a ratio of 1.
    pub const ONE: Self = Self(1000);

    /// From thousandths; what is above 1000 is 1000.
    #[must_use]
    pub fn new(thousandths: u16) -> Self {
        Self(thousandths.min(1000))
    }

    /// From a ratio; what lies outside 0..=1 is clamped to it. `None` for NaN.
    #[must_use]
    pub fn from_ratio(ratio: f64) -> Option<Self> {
        (!ratio.is_nan()).then(|| Self((ratio.clamp(0.0, 1.0) * 1000.0).round() as u16))
    }

    /// The thousandths, 0 to 1000.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }

    /// The ratio, 0 to 1.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl fmt::Display for PerMille {
    /// As a percentage without decimals: `37 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", (self.0 + 5) / 10)
    }
}

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// How long after `earlier` this is; zero where it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_millis()).unwrap_or(u64::MAX)))
    }
}
