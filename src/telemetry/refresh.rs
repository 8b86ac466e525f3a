//! The loop that asks again and again, and never keeps anybody waiting.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tracing::{debug, info};

use super::config::{TelemetryConfig, TelemetrySource};
use super::devices::{Report, devices};
use super::directory::Directory;
use super::error::TelemetryError;
use super::file;
use super::prometheus::Prometheus;
use super::query::Plan;
use super::roster::Roster;
use super::series;
use super::status::{Mode, TelemetryStatus};
use crate::clock::{self, Stopwatch};
use crate::cluster::{Board, Samples, Timestamp};

/// How often is looked whether the first node has become known.
const NODES_POLL: Duration = Duration::from_millis(200);

/// Where measurements come from, ready to be asked.
enum Source {
    Prometheus(Box<Prometheus>),
    File(PathBuf),
}

/// The loop's state.
pub(super) struct Refresher {
    config: TelemetryConfig,
    plan: Arc<Plan>,
    source: Source,
    board: Arc<Board>,
    roster: Roster,
    status: watch::Sender<Arc<TelemetryStatus>>,
    jitter: SmallRng,
    failures: u32,
}

/// What a refresh brought.
struct Outcome {
    report: Report,
    clock_ahead_seconds: i64,
}

impl Refresher {
    /// Prepares the loop; `None` where no source is configured.
    pub(super) fn new(
        config: TelemetryConfig,
        board: Arc<Board>,
        status: watch::Sender<Arc<TelemetryStatus>>,
    ) -> Result<Option<Self>, TelemetryError> {
        let source = match &config.source {
            TelemetrySource::None => return Ok(None),
            TelemetrySource::Prometheus(prometheus) => {
                Source::Prometheus(Box::new(Prometheus::new(prometheus.clone())?))
            }
            TelemetrySource::File(file) => Source::File(file.path.clone()),
        };
        let plan = Arc::new(Plan::new(&config));
        // Jitter decides nothing but when a retry happens; replicas that start together should not retry together.
        let jitter = SmallRng::seed_from_u64(clock::now().0);
        Ok(Some(Self { config, plan, source, board, roster: Roster::default(), status, jitter, failures: 0 }))
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
            Ok(Outcome { report, clock_ahead_seconds }) => {
                before.answered(report, clock_ahead_seconds, clock::now(), stopwatch.elapsed())
            }
            Err(error) => before.failed(error.to_string(), stopwatch.elapsed()),
        };
        announce(before.mode, &now);
        self.status.send_replace(Arc::new(now));
    }

    async fn measure(&mut self) -> Result<Outcome, TelemetryError> {
        let asked_at = clock::now();
        let timeout = self.config.timeout;
        let late = |_| TelemetryError::Timeout(timeout);
        match &mut self.source {
            Source::File(path) => {
                let read = tokio::time::timeout(timeout.0, file::read(path, asked_at)).await;
                let samples = read.map_err(late)??;
                Ok(publish_file(&self.board, samples))
            }
            Source::Prometheus(prometheus) => {
                let asked = tokio::time::timeout(timeout.0, prometheus.ask(&self.plan.query())).await;
                let body = asked.map_err(late)??;
                let work = Work {
                    body,
                    asked: (asked_at, clock::now()),
                    plan: self.plan.clone(),
                    board: self.board.clone(),
                    roster: std::mem::take(&mut self.roster),
                    expires_after: self.config.freshness.expires_after.0,
                };
                // Tens of thousands of GPUs take a while, in which the runtime's threads have others to serve.
                let worked = spawn_blocking(|| work.publish()).await;
                let (roster, outcome) = worked.map_err(|error| TelemetryError::Defect(error.to_string()))?;
                self.roster = roster;
                outcome.map_err(|reason| prometheus.unusable(reason))
            }
        }
    }
}

/// An answer on its way to the board.
struct Work {
    body: Vec<u8>,
    /// Our clock before the question was sent and after the answer came.
    asked: (Timestamp, Timestamp),
    plan: Arc<Plan>,
    board: Arc<Board>,
    roster: Roster,
    expires_after: Duration,
}

impl Work {
    fn publish(mut self) -> (Roster, Result<Outcome, String>) {
        let mut answer = match series::parse(&self.body) {
            Ok(answer) => answer,
            Err(error) => return (self.roster, Err(error.to_string())),
        };
        let clock_ahead_seconds = answer.evaluated_at.map_or(0, |at| clock_ahead(at, self.asked));
        answer.correct(clock_ahead_seconds);
        let (fresh, report) = devices(&answer.series, &self.plan, &Directory::new(&self.board));
        let samples = self.roster.merge(fresh, self.asked.1, self.expires_after);
        self.board.update(|assembly| assembly.apply_samples(samples));
        (self.roster, Ok(Outcome { report, clock_ahead_seconds }))
    }
}

/// A file is the whole truth: what it leaves out is gone at once.
fn publish_file(board: &Board, samples: Samples) -> Outcome {
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
    Outcome { report, clock_ahead_seconds: 0 }
}

/// By how many whole seconds the server's clock is certainly ahead of ours: it read `at` at some moment between
/// question and answer.
fn clock_ahead(at: Timestamp, (asked, answered): (Timestamp, Timestamp)) -> i64 {
    let seconds = |later: Timestamp, earlier: Timestamp| later.since(earlier).as_secs() as i64;
    seconds(at, answered) - seconds(asked, at)
}

/// One line for each change of mode.
fn announce(before: Mode, now: &TelemetryStatus) {
    let TelemetryStatus { gpus, nodes_joined, gpu_nodes, refresh_millis, .. } = now;
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
