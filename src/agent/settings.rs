//! What an operator may choose.

use std::path::PathBuf;
use std::time::Duration;

use super::holders::Sources;

/// How the GPUs are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// NVML's library; `None` for `libnvidia-ml.so.1`, found as the system finds libraries.
    pub library: Option<PathBuf>,
    /// From one reading to the next.
    pub interval: Duration,
    /// A call that has not returned for so long is taken as hanging.
    pub hang_after: Duration,
    /// Where to find out whose the GPUs are; `None` not to.
    pub sources: Option<Sources>,
}

impl Default for Settings {
    fn default() -> Self {
        let (interval, hang_after) = (Duration::from_secs(1), Duration::from_secs(10));
        Self { library: None, interval, hang_after, sources: None }
    }
}

impl Settings {
    /// How old what is shown of a GPU may be: as old as dcgm-exporter's by default (30 s), and always a few readings.
    #[must_use]
    pub fn show_for(&self) -> Duration {
        Duration::from_secs(30).max(self.interval * 3)
    }

    /// The longest pause between attempts to begin.
    pub(super) fn longest_pause(&self) -> Duration {
        self.interval * 30
    }
}
