//! The edge running against a pretended source.

use std::sync::Arc;
use std::time::Duration;

use gpulse::clock;
use gpulse::cluster::{Board, Gpu, Period};
use gpulse::telemetry::{
    Mode, PrometheusConfig, TelemetryConfig, TelemetryHandle, TelemetrySource, TelemetryStatus, start,
};
use tokio::sync::watch;

use super::fake::{Fake, Reply, busy, rows};
use super::language::two_nodes;

/// A running edge and the board it fills.
pub(super) struct Edge {
    pub(super) board: Arc<Board>,
    pub(super) handle: TelemetryHandle,
    pub(super) status: watch::Receiver<Arc<TelemetryStatus>>,
}

impl Edge {
    pub(super) fn start(board: Arc<Board>, source: TelemetrySource) -> Self {
        let config = TelemetryConfig {
            source,
            refresh_interval: Period(Duration::from_millis(40)),
            timeout: Period(Duration::from_millis(400)),
            ..TelemetryConfig::default()
        };
        let handle = start(config, board.clone()).unwrap();
        Self { board, status: handle.watch(), handle }
    }

    pub(super) fn of(fake: &Fake) -> Self {
        Self::start(two_nodes().board(), prometheus(fake, |_| {}))
    }

    /// The first status from now on that fits.
    pub(super) async fn until(&mut self, fits: impl Fn(&TelemetryStatus) -> bool) -> Arc<TelemetryStatus> {
        let found = self.status.wait_for(|status| fits(status));
        tokio::time::timeout(Duration::from_secs(20), found).await.expect("no such status").unwrap().clone()
    }

    pub(super) async fn mode(&mut self, mode: Mode) -> Arc<TelemetryStatus> {
        self.until(|status| status.mode == mode).await
    }

    /// The only GPU of a node, if it has one.
    pub(super) fn gpu(&self, node: &str) -> Option<Gpu> {
        self.board.snapshot(clock::now()).node(node).unwrap().gpus().first().cloned()
    }

    pub(super) fn busy(&self, node: &str) -> Option<u16> {
        Some(self.gpu(node)?.utilization?.value.get())
    }
}

pub(super) fn prometheus(fake: &Fake, change: impl FnOnce(&mut PrometheusConfig)) -> TelemetrySource {
    let mut config = PrometheusConfig { url: fake.url(), ..PrometheusConfig::default() };
    change(&mut config);
    TelemetrySource::Prometheus(config)
}

pub(super) fn both(a: u32, b: u32) -> Reply {
    let now = clock::now();
    rows([busy("a", a, now), busy("b", b, now)].concat())
}
