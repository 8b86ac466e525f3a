//! The metrics edge: measurements of GPUs, each with its age, on the [`Board`](crate::cluster::Board).
//!
//! ```text
//! Prometheus --(one query)--> rows --(Gathering)--> evidence --(devices)--> Samples --(Roster)--> Board
//! ```
//!
//! A background task asks one question for the whole cluster at each refresh; no decision ever waits for it. The answer
//! is read as it arrives, and of a row only what decisions need is kept. Exporters disagree on names, units and labels,
//! and repeat themselves: [`devices`] makes one answer for each GPU of it, and what cannot be told is dropped and
//! counted, never taken for zero. What fails or vanishes leaves the old samples to age, and [`TelemetryStatus`] says so.

mod answer;
mod body;
mod by_node;
mod config;
mod devices;
mod dialect;
mod directory;
mod error;
mod evidence;
mod file;
mod gathering;
mod inventory;
mod json;
mod labels;
mod memory;
mod places;
mod prometheus;
mod query;
mod reader;
mod reading;
mod refresh;
mod report;
mod roster;
mod status;
mod times;
mod validate;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use answer::AnswerError;
pub use config::{
    BasicAuth, ClientCertificate, CustomDialect, DialectConfig, FileConfig, FreshnessConfig,
    PrometheusConfig, TelemetryConfig, TelemetrySource, UtilizationScale,
};
pub use devices::devices;
pub use dialect::Dialect;
pub use directory::Directory;
pub use error::TelemetryError;
pub use query::Plan;
pub use reading::DropReason;
pub use refresh::backoff;
pub use report::Report;
pub use roster::Roster;
pub use status::{Mode, TelemetryStatus};
pub use times::Asked;
pub use validate::TelemetryConfigError;

/// The running edge. Dropping it stops it.
#[derive(Debug)]
pub struct TelemetryHandle {
    status: watch::Receiver<Arc<TelemetryStatus>>,
    task: Option<JoinHandle<()>>,
}

/// Starts to fill the board with devices, in the background. The first refresh waits until the board knows a node.
/// Call it within a tokio runtime.
///
/// # Errors
/// Names the setting that cannot work, or the file that cannot be read or used. A source that does not answer is no
/// error: it may come back.
pub fn start(
    config: TelemetryConfig,
    board: Arc<crate::cluster::Board>,
) -> Result<TelemetryHandle, TelemetryError> {
    config.validate()?;
    let (sender, status) = watch::channel(Arc::new(TelemetryStatus::starting()));
    let Some(refresher) = refresh::Refresher::new(config, board, sender.clone())? else {
        tracing::info!("telemetry is off: pods are placed by allocation alone");
        sender.send_replace(Arc::new(TelemetryStatus::default()));
        return Ok(TelemetryHandle { status, task: None });
    };
    Ok(TelemetryHandle { status, task: Some(tokio::spawn(refresher.run())) })
}

impl TelemetryHandle {
    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> Arc<TelemetryStatus> {
        self.status.borrow().clone()
    }

    /// How it is doing, for those who want to wait for a change: there is one after each refresh.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<TelemetryStatus>> {
        self.status.clone()
    }
}

impl Drop for TelemetryHandle {
    fn drop(&mut self) {
        self.task.iter().for_each(JoinHandle::abort);
    }
}
