//! Why measurements cannot be had.

use std::error::Error;
use std::path::PathBuf;

use super::validate::TelemetryConfigError;
use crate::cluster::Period;

/// Why measurements cannot be had, at the start or at one refresh.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] TelemetryConfigError),
    /// A file that the configuration names cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that the configuration names holds something else than expected.
    #[error("{}: {reason}", path.display())]
    BadFile {
        /// Which file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// No client can be made of the configured certificates.
    #[error("cannot make a client for {url}: {reason}")]
    Client {
        /// The source's address.
        url: String,
        /// What does not fit.
        reason: String,
    },
    /// The source did not answer in time.
    #[error("no answer within {0}")]
    Timeout(Period),
    /// The connection failed.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// The source's address.
        url: String,
        /// The whole chain of causes.
        reason: String,
    },
    /// An answer that says no, or comes from something else than Prometheus.
    #[error("{url} answered {status}: {reason}")]
    Answer {
        /// The source's address.
        url: String,
        /// The HTTP status.
        status: String,
        /// What Prometheus says, or the beginning of what came instead, and what to check.
        reason: String,
    },
    /// A defect of gpulse.
    #[error("the answer could not be worked on: {0}")]
    Defect(String),
}

/// The error's causes, outermost first, without itself.
pub(super) fn causes(error: &dyn Error) -> String {
    let chain = std::iter::successors(error.source(), |&cause| cause.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}
