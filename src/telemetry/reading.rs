//! From an exporter's number to a quantity, or why it is none. What cannot be told is dropped, never taken for zero.

use serde::{Serialize, Serializer};

use super::dialect::{MemoryUnit, Scale};
use crate::cluster::PerMille;

/// Why a value counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// DCGM's mark of a value that it does not have.
    Blank,
    /// NaN.
    NotANumber,
    /// Below zero.
    Negative,
    /// Far above what the metric can be.
    AboveRange,
    /// The answer does not say when the sample was taken.
    NoSampleTime,
    /// The series has no label that identifies the GPU or MIG instance.
    NoDevice,
    /// `GPU_UTIL` of a MIG instance: NVML does not measure it and exporters show 0.
    GpuUtilOfMig,
    /// Framebuffer memory that is zero in all: the driver does not report it.
    NoMemory,
}

impl DropReason {
    /// The name that metrics and documents use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::NotANumber => "notANumber",
            Self::Negative => "negative",
            Self::AboveRange => "aboveRange",
            Self::NoSampleTime => "noSampleTime",
            Self::NoDevice => "noDevice",
            Self::GpuUtilOfMig => "gpuUtilOfMig",
            Self::NoMemory => "noMemory",
        }
    }
}

impl Serialize for DropReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// DCGM's `DCGM_INT64_BLANK` (2^63 - 16); its kinds of "not supported" and "not found" follow above it. As a float it
/// is 2^63.
const INT64_BLANK: f64 = 9_223_372_036_854_775_792.0;

/// DCGM's `DCGM_FP64_BLANK` (2^47); its kinds of "not supported" and "not found" are this plus 1 to 3.
const FP64_BLANK: [f64; 4] =
    [140_737_488_355_328.0, 140_737_488_355_329.0, 140_737_488_355_330.0, 140_737_488_355_331.0];

/// Above full scale up to this factor a value is a rounding or sampling artefact (`SM_ACTIVE` on MIG reads a little
/// above 1) and clamped to full; beyond it the value means something else.
const TOLERANCE: f64 = 1.5;

/// 16 TiB: no GPU has more for years to come, and DCGM's 32-bit blank read as MiB is above it.
const MAX_MEMORY_MIB: f64 = 16.0 * 1024.0 * 1024.0;

/// A number that may be one: finite or infinite, not negative, not blank.
fn plausible(value: f64) -> Result<f64, DropReason> {
    match value {
        value if value.is_nan() => Err(DropReason::NotANumber),
        value if value < 0.0 => Err(DropReason::Negative),
        value if value.is_infinite() => Err(DropReason::AboveRange),
        value if value >= INT64_BLANK || FP64_BLANK.contains(&value) => Err(DropReason::Blank),
        value => Ok(value),
    }
}

/// A utilization. `scale` must have been decided for the metric's whole family, see [`Family`].
pub(super) fn utilization(value: f64, family: Family) -> Result<PerMille, DropReason> {
    let value = plausible(value)?;
    let ratio = match family {
        Family::Ratio => value,
        Family::Percent => value / 100.0,
        Family::Mixed if value > TOLERANCE => value / 100.0,
        Family::Mixed => value,
    };
    if ratio > TOLERANCE {
        return Err(DropReason::AboveRange);
    }
    PerMille::from_ratio(ratio).ok_or(DropReason::NotANumber)
}

/// The scale that a metric turns out to have over the whole fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Ratio,
    Percent,
    /// Both under one name, while a fleet is between two generations: a value above 1.5 is a percentage, any other is
    /// taken for a ratio. So 1 reads as full: of the two readings the one that makes no busy GPU look idle.
    Mixed,
}

/// What the values of a metric so far tell of its scale.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spread {
    above: bool,
    fraction: bool,
}

impl Spread {
    pub(super) fn add(&mut self, value: f64) {
        if let Ok(value) = plausible(value) {
            self.above |= value > TOLERANCE;
            self.fraction |= value > 0.0 && value < 1.0;
        }
    }

    /// Decides the scale of a metric from all its values: percentages are whole numbers and go above 1.5.
    pub(super) fn family(self, scale: Scale) -> Family {
        match (scale, self.above, self.fraction) {
            (Scale::Ratio, ..) | (Scale::RatioOrPercent, false, _) => Family::Ratio,
            (Scale::Percent, ..) | (Scale::RatioOrPercent, true, false) => Family::Percent,
            (Scale::RatioOrPercent, true, true) => Family::Mixed,
        }
    }
}

/// An amount of framebuffer memory in MiB, rounded down.
pub(super) fn memory(value: f64, unit: MemoryUnit) -> Result<u32, DropReason> {
    let mib = match unit {
        MemoryUnit::Mib => plausible(value)?,
        MemoryUnit::Bytes => plausible(value)? / (1024.0 * 1024.0),
    };
    if mib > MAX_MEMORY_MIB { Err(DropReason::AboveRange) } else { Ok(mib as u32) }
}

/// The code of an XID error.
pub(super) fn xid(value: f64) -> Result<u16, DropReason> {
    let code = plausible(value)?;
    if code > f64::from(u16::MAX) { Err(DropReason::AboveRange) } else { Ok(code as u16) }
}
