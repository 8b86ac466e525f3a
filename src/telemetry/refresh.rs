//! The loop that asks again and again, and never keeps anybody waiting.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tracing::{debug, info};

use super::body;
use super::config::{TelemetryConfig, TelemetrySource};
use super::directory::Directory;
use super::error::TelemetryError;
use super::file;
use super::prometheus::Prometheus;
use super::query::Plan;
use super::reader::Reader;
use super::report::Report;
use super::status::{Mode, TelemetryStatus};
use super::times::Asked;
use crate::clock::{self, Stopwatch};
use crate::cluster::{Board, Samples};

/// How often is looked whether the first node has become known.
const NODES_POLL: Duration = Duration::from_millis(200);

/// Where measurements come from, ready to be asked.
enum Source {
    Prometheus(Box<Prometheus>, Reader),
    File(PathBuf),
}

/// The loop's state.
pub(super) struct Refresher {
    config: TelemetryConfig,
    query: String,
    source: Source,
    board: Arc<Board>,
    status: watch::Sender<Arc<TelemetryStatus>>,
    jitter: SmallRng,
    failures: u32,
}

impl Refresher {
    /// Prepares the loop; `None` where no source is configured.
    pub(super) fn new(
        config: TelemetryConfig,
        board: Arc<Board>,
        status: watch::Sender<Arc<TelemetryStatus>>,
    ) -> Result<Option<Self>, TelemetryError> {
        let plan = Arc::new(Plan::new(&config));
        let source = match &config.source {
            TelemetrySource::None => return Ok(None),
            TelemetrySource::Prometheus(prometheus) => {
                let expires_after = config.freshness.expires_after.0;
                let reader = Reader::new(plan.clone(), board.clone(), expires_after);
                Source::Prometheus(Box::new(Prometheus::new(prometheus.clone())?), reader)
            }
            TelemetrySource::File(file) => Source::File(file.path.clone()),
        };
        // Jitter decides nothing but when a retry happens; replicas that start together should not retry together.
        let jitter = SmallRng::seed_from_u64(clock::now().0);
        Ok(Some(Self { config, query: plan.query(), source, board, status, jitter, failures: 0 }))
    }

    /// Refreshes until it is dropped.
    pub(super) async fn run(mut self) {
        // An answer that arrives before any node is known could not be joined to one.
        while self.board.read(|assembly| assembly.nodes().next().is_none()) {
            tokio::time::sleep(NODES_POLL).await;
        }
        loop {
            let started = tokio::time::Instant::now();
            self.refresh().await;
            let interval = self.config.refresh_interval.0;
            let pause = match self.failures {
                0 => interval,
                failures => backoff(failures, interval, self.jitter.random()),
            };
            tokio::time::sleep_until(started + pause).await;
        }
    }

    async fn refresh(&mut self) {
        let stopwatch = Stopwatch::start();
        let result = self.measure().await;
        self.failures = if result.is_ok() { 0 } else { self.failures.saturating_add(1) };
        let before = self.status.borrow().clone();
        let now = match result {
            Ok(report) => before.answered(report, clock::now(), stopwatch.elapsed()),
            Err(error) => before.failed(error.to_string(), stopwatch.elapsed()),
        };
        announce(before.mode, &now);
        self.status.send_replace(Arc::new(now));
    }

    async fn measure(&mut self) -> Result<Report, TelemetryError> {
        let sent_at = clock::now();
        let timeout = self.config.timeout;
        let late = |_| TelemetryError::Timeout(timeout);
        let (prometheus, reader) = match &mut self.source {
            Source::File(path) => {
                let read = tokio::time::timeout(timeout.0, file::read(path, sent_at)).await;
                return Ok(publish_file(&self.board, read.map_err(late)??));
            }
            Source::Prometheus(prometheus, reader) => (prometheus, reader),
        };
        let deadline = tokio::time::Instant::now() + timeout.0;
        let asked = tokio::time::timeout_at(deadline, prometheus.ask(&self.query)).await;
        let response = asked.map_err(late)??;
        let (sender, body) = body::channel();
        let outcome = reader.read(Asked { sent_at, answered_at: clock::now() }, body);
        let forwarded = tokio::time::timeout_at(deadline, prometheus.forward(response, sender)).await;
        let outcome = outcome.await.map_err(|_| TelemetryError::Defect("its reader has ended".to_owned()))?;
        // What kept the body from coming says more than what its reader then missed.
        forwarded.map_err(late)??;
        outcome.map_err(|error| prometheus.unusable(&error))
    }
}

/// A file is the whole truth: what it leaves out is gone at once.
fn publish_file(board: &Board, samples: Samples) -> Report {
    let directory = Directory::new(board);
    let gpus = samples.values().map(|gpus| gpus.len()).sum();
    let measured = |node: &&Arc<str>| samples.get(*node).is_some_and(|gpus| !gpus.is_empty());
    let report = Report {
        series: gpus,
        gpus,
        gpu_nodes: directory.gpu_nodes().len(),
        nodes_joined: directory.gpu_nodes().iter().filter(measured).count(),
        ..Report::default()
    };
    board.update(|assembly| assembly.apply_samples(samples));
    report
}

/// One line for each change of mode.
fn announce(before: Mode, now: &TelemetryStatus) {
    let Report { gpus, nodes_joined, gpu_nodes, .. } = now.report;
    let refresh_millis = now.refresh_millis;
    let (mode, error) = (now.mode.name(), now.last_error.as_deref());
    if now.mode == before {
        debug!(mode, gpus, nodes_joined, gpu_nodes, refresh_millis, error, "telemetry refreshed");
    } else {
        info!(mode, was = before.name(), gpus, nodes_joined, gpu_nodes, error, "telemetry is {mode}");
    }
}

/// The pause from the start of a failed refresh to the next: an eighth of the interval after the first failure,
/// doubling up to the whole interval, so that a source that is back is seen within one refresh. `jitter` is from 0
/// to 1 and takes off up to half of it.
#[must_use]
pub fn backoff(failures: u32, interval: Duration, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(3);
    let pause = interval / 8 * (1 << doublings);
    pause.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}
