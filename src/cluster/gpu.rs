//! One GPU (or MIG instance) as measured, and how far a measurement can be trusted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pod::PodKey;
use super::units::{Mib, PerMille, Timestamp};

/// A GPU or MIG instance as telemetry saw it last. What was not measured is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gpu {
    /// The device's UUID; with MIG that of the parent GPU.
    pub uuid: Arc<str>,
    /// The device's index on its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Set where this is a MIG instance and not a whole GPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mig: Option<MigInstance>,
    /// The exporter's model name, such as `NVIDIA A100-SXM4-40GB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// How busy the device is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<Utilization>,
    /// Framebuffer memory in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_used: Option<Mib>,
    /// Framebuffer memory in all: free, used and reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_total: Option<Mib>,
    /// Whether pods should be given this device.
    #[serde(default)]
    pub health: Health,
    /// The pod that the exporter says holds the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<PodKey>,
}

/// A slice of a GPU: NVIDIA's GPU instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MigInstance {
    /// The GPU instance's number on its parent.
    pub id: u32,
    /// The profile, such as `1g.10gb`.
    pub profile: Arc<str>,
}

/// A measured utilization: value, where it comes from, when it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Utilization {
    /// Share of the device in use, 0 to 1000 thousandths.
    pub value: PerMille,
    /// Which metric it is.
    pub source: Source,
    /// When the sample was taken.
    pub sampled_at: Timestamp,
}

/// The metric behind a [`Utilization`], best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Source {
    /// `DCGM_FI_PROF_SM_ACTIVE`: share of time a warp was resident, averaged over the SMs.
    SmActive,
    /// `DCGM_FI_PROF_GR_ENGINE_ACTIVE`: share of time any part of the engine was active.
    GrEngineActive,
    /// `DCGM_FI_DEV_GPU_UTIL`: share of time any kernel ran; one small kernel reads as full.
    GpuUtil,
    /// The operator's own PromQL.
    Custom,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SmActive => "SM_ACTIVE",
            Self::GrEngineActive => "GR_ENGINE_ACTIVE",
            Self::GpuUtil => "GPU_UTIL",
            Self::Custom => "custom",
        })
    }
}

/// Whether a device may be counted as free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// Nothing speaks against it.
    #[default]
    Healthy,
    /// It had an XID error that only a reset mends.
    FatalXid(u32),
}

/// How old a measurement may be: fully trusted up to `fresh_for`, not at all from `expires_after` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FreshnessPolicy {
    /// Up to this age a sample has full confidence.
    pub fresh_for: Duration,
    /// From this age on a sample counts as missing.
    pub expires_after: Duration,
}

impl Default for FreshnessPolicy {
    /// dcgm-exporter collects every 30 s and is scraped every 15 s by default, so an honest sample may be 60 to 90 s old.
    fn default() -> Self {
        Self { fresh_for: Duration::from_secs(90), expires_after: Duration::from_secs(300) }
    }
}

/// What the age of a measurement says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Young enough to be taken at its word.
    Fresh,
    /// Still worth something: the age is given.
    Stale(Duration),
    /// Not measured, or too long ago.
    Missing,
}

/// How much a measurement counts, 0 to 1000 thousandths.
pub type Confidence = PerMille;

impl FreshnessPolicy {
    /// Sorts an age into fresh, stale or missing.
    #[must_use]
    pub fn freshness(&self, age: Duration) -> Freshness {
        match age {
            age if age <= self.fresh_for => Freshness::Fresh,
            age if age < self.expires_after => Freshness::Stale(age),
            _ => Freshness::Missing,
        }
    }

    /// How much a sample of this age counts: one while fresh, then falling smoothly (a cubic without a step in value
    /// or slope) to zero at `expires_after`.
    #[must_use]
    pub fn confidence(&self, age: Duration) -> Confidence {
        match self.freshness(age) {
            Freshness::Fresh => Confidence::ONE,
            Freshness::Missing => Confidence::default(),
            Freshness::Stale(age) => {
                let span = (self.expires_after - self.fresh_for).as_secs_f64();
                let left = 1.0 - (age - self.fresh_for).as_secs_f64() / span;
                Confidence::from_ratio(left * left * (3.0 - 2.0 * left)).unwrap_or_default()
            }
        }
    }
}
