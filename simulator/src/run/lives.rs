//! How long pods run.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::cluster::Period;
use crate::draw::Draw;

/// How long pods run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lives {
    /// Exponentially distributed with this mean, whatever the pod asks for.
    Exponential {
        /// The mean, in milliseconds.
        mean_ms: u64,
    },
    /// Exponentially distributed with this mean times the number of GPUs that the pod asks for; pods that ask for a
    /// share of one, or for none, have the mean itself.
    BigLonger {
        /// The mean of pods with up to one GPU, in milliseconds.
        mean_ms: u64,
    },
    /// Each as long as in the trace.
    Trace {
        /// Longer ones are cut to so many milliseconds.
        cap_ms: Option<u64>,
    },
}

/// What says nothing about lives.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected exp:MEAN, big-longer:MEAN or trace, with a mean life of 1s to 100000h such as exp:3600s")]
pub struct LivesError;

const MEANS_MS: std::ops::RangeInclusive<u128> = 1_000..=360_000_000_000;

impl FromStr for Lives {
    type Err = LivesError;

    fn from_str(text: &str) -> Result<Self, LivesError> {
        if text == "trace" {
            return Ok(Self::Trace { cap_ms: None });
        }
        let (kind, mean) = text.split_once(':').ok_or(LivesError)?;
        let mean: Period = mean.parse().map_err(|_| LivesError)?;
        let mean_ms = mean.0.as_millis();
        let mean_ms = if MEANS_MS.contains(&mean_ms) { mean_ms as u64 } else { return Err(LivesError) };
        match kind {
            "exp" => Ok(Self::Exponential { mean_ms }),
            "big-longer" => Ok(Self::BigLonger { mean_ms }),
            _ => Err(LivesError),
        }
    }
}

impl fmt::Display for Lives {
    /// As it is typed, and the cap behind it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = |ms: u64| Period(std::time::Duration::from_millis(ms));
        match self {
            Self::Exponential { mean_ms } => write!(f, "exp:{}", period(*mean_ms)),
            Self::BigLonger { mean_ms } => write!(f, "big-longer:{}", period(*mean_ms)),
            Self::Trace { cap_ms: None } => f.write_str("trace"),
            Self::Trace { cap_ms: Some(cap_ms) } => write!(f, "trace up to {}", period(*cap_ms)),
        }
    }
}

impl Lives {
    /// The mean life in milliseconds of pods that ask for so many GPUs, of which one ran so long in the trace.
    pub(super) fn mean_ms(self, gpus: u32, traced_ms: u64) -> u64 {
        match self {
            Self::Exponential { mean_ms } => mean_ms,
            Self::BigLonger { mean_ms } => mean_ms * u64::from(gpus.max(1)),
            Self::Trace { cap_ms } => traced_ms.min(cap_ms.unwrap_or(u64::MAX)),
        }
    }

    /// The life in milliseconds of one of them.
    pub(super) fn draw(self, gpus: u32, traced_ms: u64, draw: &mut Draw) -> u64 {
        let mean_ms = self.mean_ms(gpus, traced_ms);
        match self {
            Self::Exponential { .. } | Self::BigLonger { .. } => draw.exponential(mean_ms),
            Self::Trace { .. } => mean_ms,
        }
    }

    /// How many mean lives of the pods that live longest it takes until a cluster that was empty is as if it had never
    /// been: drawn lives leave a twentieth after three, and a traced one is over after itself.
    pub(super) fn means_to_forget(self) -> u64 {
        match self {
            Self::Exponential { .. } | Self::BigLonger { .. } => 3,
            Self::Trace { .. } => 1,
        }
    }
}
