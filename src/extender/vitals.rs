//! What other rooms report of themselves, as plain data.

use std::time::Duration;

/// Asked at each scrape of `/metrics`.
pub trait Vitals: Send + Sync {
    /// How telemetry does.
    fn telemetry(&self) -> TelemetryVitals;
    /// How the watch of the cluster does.
    fn cluster(&self) -> ClusterVitals;
}

/// How telemetry does.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryVitals {
    /// How far live utilization counts in decisions now.
    pub mode: TelemetryMode,
    /// Time since the last refresh that succeeded; `None` before the first.
    pub refresh_age: Option<Duration>,
    /// Age of the newest sample; `None` where there is none.
    pub sample_age: Option<Duration>,
    /// Series that the last successful refresh read.
    pub series: u64,
    /// Share of the GPU nodes that have a sample, 0 to 1; `None` where there is no GPU node.
    pub join_rate: Option<f64>,
    /// Refreshes that succeeded since the start.
    pub refreshes: u64,
    /// Refreshes that failed since the start.
    pub failed_refreshes: u64,
}

/// How far live utilization counts in decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TelemetryMode {
    /// Every GPU node has a fresh sample.
    Live,
    /// Some GPU nodes have no fresh sample.
    Partial,
    /// No sample is fresh, some still count a little.
    Stale,
    /// No sample counts: gpulse schedules by allocation alone.
    AllocationOnly,
}

impl TelemetryMode {
    /// Every mode, for metrics and documentation.
    pub const ALL: [Self; 4] = [Self::Live, Self::Partial, Self::Stale, Self::AllocationOnly];

    /// The name for metrics, logs and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Partial => "partial",
            Self::Stale => "stale",
            Self::AllocationOnly => "allocation-only",
        }
    }
}

/// How the watch of the cluster does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterVitals {
    /// Whether nodes and pods were listed completely at least once.
    pub synced: bool,
    /// Nodes in the snapshot.
    pub nodes: u64,
    /// Pods that take up room.
    pub pods: u64,
}
