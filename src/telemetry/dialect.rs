//! What exporters call their metrics, and in which unit they give them.

use std::fmt;

use serde::{Serialize, Serializer};

use super::config::{DialectConfig, UtilizationScale};
use crate::cluster::Source;

/// A way of naming and scaling metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// dcgm-exporter up to 4.8.
    Dcgm48,
    /// dcgm-exporter from 4.9 on.
    Dcgm49,
    /// The operator's own PromQL.
    Custom,
}

impl fmt::Display for Dialect {
    /// As the configuration names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dcgm48 => "dcgm-4.8",
            Self::Dcgm49 => "dcgm-4.9",
            Self::Custom => "custom",
        })
    }
}

impl Serialize for Dialect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A metric's place in the vocabulary.
pub(super) type Rank = u8;

/// A metric: its name and what its value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    /// `None` for a name of all times.
    pub(super) dialect: Option<Dialect>,
    pub(super) meaning: Meaning,
}

/// What a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Utilization(Source, Scale),
    Memory(Part, MemoryUnit),
    /// The code of the GPU's last XID error; 0 for none.
    LastXid,
    /// How often the GPU had the XID error that [`XID_LABEL`] numbers, since the exporter started.
    XidCount,
}

/// What a fully busy GPU reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Ratio,
    Percent,
    /// One or the other under the same name: to be told from the values.
    RatioOrPercent,
}

/// A part of the framebuffer memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Used,
    Free,
    Reserved,
    Capacity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemoryUnit {
    Mib,
    Bytes,
}

use Dialect::{Dcgm48, Dcgm49};
use Meaning::{LastXid, Memory, Utilization, XidCount};
use MemoryUnit::{Bytes, Mib};
use Part::{Capacity, Free, Reserved, Used};
use Scale::{Percent, Ratio, RatioOrPercent};
use Source::{GpuUtil, GrEngineActive, SmActive};

/// Metrics of exporters, best first: of two that say the same of a GPU the upper one counts.
///
/// Among the utilizations first what measures headroom best, then the name whose scale is beyond doubt: with DCGM 4.6
/// `DCGM_FI_DEV_GPU_UTIL_RATIO` is an alias of the percentage, from 4.7 on it is a ratio.
///
/// The last XID error is not enough: harmless ones follow the fatal one, such as 45 where the processes on the GPU are
/// ended. dcgm-exporter counts each number where it is told to; `gpulse agent` always does.
const METRICS: [Metric; 17] = [
    metric("DCGM_FI_PROF_SM_ACTIVE", Dcgm48, Utilization(SmActive, Ratio)),
    metric("DCGM_FI_PROF_SM_UTIL_RATIO", Dcgm49, Utilization(SmActive, Ratio)),
    metric("DCGM_FI_PROF_GR_ENGINE_ACTIVE", Dcgm48, Utilization(GrEngineActive, Ratio)),
    metric("DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO", Dcgm49, Utilization(GrEngineActive, Ratio)),
    metric("DCGM_FI_DEV_GPU_UTIL", Dcgm48, Utilization(GpuUtil, Percent)),
    metric("DCGM_FI_DEV_GPU_UTIL_RATIO", Dcgm49, Utilization(GpuUtil, RatioOrPercent)),
    metric("DCGM_FI_DEV_FB_USED", Dcgm48, Memory(Used, Mib)),
    metric("DCGM_FI_DEV_FB_USED_BYTES", Dcgm49, Memory(Used, Bytes)),
    metric("DCGM_FI_DEV_FB_FREE", Dcgm48, Memory(Free, Mib)),
    metric("DCGM_FI_DEV_FB_FREE_BYTES", Dcgm49, Memory(Free, Bytes)),
    metric("DCGM_FI_DEV_FB_RESERVED", Dcgm48, Memory(Reserved, Mib)),
    metric("DCGM_FI_DEV_FB_RESERVED_BYTES", Dcgm49, Memory(Reserved, Bytes)),
    metric("DCGM_FI_DEV_FB_CAPACITY_BYTES", Dcgm49, Memory(Capacity, Bytes)),
    metric("DCGM_FI_DEV_XID_ERRORS", Dcgm48, LastXid),
    metric("DCGM_FI_DEV_XID_ERROR", Dcgm49, LastXid),
    timeless("DCGM_EXP_XID_ERRORS_TOTAL", XidCount),
    timeless("gpulse_gpu_xid_errors_total", XidCount),
];

/// The label of a count of XID errors that says which.
pub(super) const XID_LABEL: &str = "xid";

/// The name that the custom dialect's values go by.
pub(super) const CUSTOM: &str = "custom";

const fn metric(name: &'static str, dialect: Dialect, meaning: Meaning) -> Metric {
    Metric { name, dialect: Some(dialect), meaning }
}

const fn timeless(name: &'static str, meaning: Meaning) -> Metric {
    Metric { name, dialect: None, meaning }
}

/// The metrics that the configuration asks for, best first.
pub(super) fn vocabulary(dialect: &DialectConfig) -> Vec<Metric> {
    let only =
        |wanted| METRICS.into_iter().filter(|metric| metric.dialect.is_none_or(|it| it == wanted)).collect();
    match dialect {
        DialectConfig::Auto => METRICS.to_vec(),
        DialectConfig::Dcgm48 => only(Dcgm48),
        DialectConfig::Dcgm49 => only(Dcgm49),
        DialectConfig::Custom(custom) => {
            let scale = match custom.scale {
                UtilizationScale::Ratio => Ratio,
                UtilizationScale::Percent => Percent,
            };
            let utilization = metric(CUSTOM, Dialect::Custom, Utilization(Source::Custom, scale));
            let others = METRICS.into_iter().filter(|metric| !metric.is_utilization());
            std::iter::once(utilization).chain(others).collect()
        }
    }
}

impl Metric {
    pub(super) fn is_utilization(&self) -> bool {
        matches!(self.meaning, Utilization(..))
    }

    pub(super) fn is_memory(&self) -> bool {
        matches!(self.meaning, Memory(..))
    }

    pub(super) fn is_xid_count(&self) -> bool {
        self.meaning == XidCount
    }
}
