//! How telemetry is doing.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::report::Report;
use crate::cluster::Timestamp;

/// How much telemetry can be relied on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// No source is configured: pods are placed by allocation alone.
    #[default]
    Off,
    /// The first refresh is under way.
    Starting,
    /// The last refresh measured every node that offers GPUs.
    Live,
    /// The last refresh measured some of them; what was known of the others ages.
    Partial,
    /// The last refresh failed or measured none of them; what was known ages.
    Down,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 5] = [Self::Off, Self::Starting, Self::Live, Self::Partial, Self::Down];

    /// The name that metrics, logs and documents use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Partial => "partial",
            Self::Down => "down",
        }
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How telemetry is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TelemetryStatus {
    /// How much it can be relied on.
    pub mode: Mode,
    /// When a refresh last succeeded.
    pub last_success: Option<Timestamp>,
    /// What is wrong with the last refresh, if anything.
    pub last_error: Option<String>,
    /// Refreshes that succeeded since the start.
    pub refreshes_ok: u64,
    /// Refreshes that failed since the start.
    pub refreshes_failed: u64,
    /// How long the last refresh took, in milliseconds.
    pub refresh_millis: u64,
    /// What the last answer held.
    #[serde(flatten)]
    pub report: Report,
}

impl TelemetryStatus {
    /// Before the first refresh.
    #[must_use]
    pub fn starting() -> Self {
        Self { mode: Mode::Starting, ..Self::default() }
    }

    /// After a refresh that got an answer.
    #[must_use]
    pub fn answered(&self, report: Report, now: Timestamp, took: Duration) -> Self {
        let (mode, last_error) = verdict(&report);
        Self {
            mode,
            last_success: Some(now),
            last_error,
            refreshes_ok: self.refreshes_ok + 1,
            refreshes_failed: self.refreshes_failed,
            refresh_millis: millis(took),
            report,
        }
    }

    /// After a refresh that got none: the report stays that of the last answer.
    #[must_use]
    pub fn failed(&self, error: String, took: Duration) -> Self {
        Self {
            mode: Mode::Down,
            last_error: Some(error),
            refreshes_failed: self.refreshes_failed + 1,
            refresh_millis: millis(took),
            ..self.clone()
        }
    }
}

/// What an answer is worth.
fn verdict(report: &Report) -> (Mode, Option<String>) {
    match (report.nodes_joined, report.gpu_nodes) {
        (joined, known) if joined == known => (Mode::Live, None),
        (0, _) if report.series == 0 => {
            (Mode::Down, Some("the source has no GPU metrics (is dcgm-exporter scraped?)".to_owned()))
        }
        (0, known) => {
            let series = report.series;
            let text = format!(
                "none of {series} series is of one of the {known} nodes with GPUs: see telemetry.nodeLabels"
            );
            (Mode::Down, Some(text))
        }
        _ => (Mode::Partial, None),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
