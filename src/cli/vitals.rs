//! What the rooms say of themselves, joined for metrics, readiness and the log.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::cache::CacheStatus;
use crate::cluster::{Confidence, Freshness, Snapshot, Timestamp};
use crate::extender::{Check, ClusterVitals, Picture, TelemetryMode, TelemetryVitals, Vitals};
use crate::telemetry::{Mode, TelemetryStatus};

/// The running rooms, as far as they report.
#[derive(Clone)]
pub(super) struct Rooms {
    /// What decisions are made from.
    pub(super) picture: Picture,
    /// The watch of the API server; `None` where a saved snapshot stands in.
    pub(super) cache: Option<watch::Receiver<CacheStatus>>,
    /// Telemetry; `None` where measurements are those of a saved snapshot.
    pub(super) telemetry: Option<watch::Receiver<Arc<TelemetryStatus>>>,
}

impl Rooms {
    /// How far live utilization counts in decisions now: by the age of what is known, whatever the source says.
    pub(super) fn mode(&self) -> TelemetryMode {
        Measured::of(&(self.picture)()).mode()
    }

    /// What must hold before gpulse is ready.
    pub(super) fn checks(&self) -> Vec<Check> {
        let (cluster, telemetry) = (self.clone(), self.clone());
        vec![
            Check { name: "cluster", ok: Box::new(move || cluster.cluster_check()) },
            Check { name: "telemetry", ok: Box::new(move || telemetry.telemetry_check()) },
        ]
    }

    fn cluster_check(&self) -> Result<String, String> {
        let nodes = (self.picture)().node_count();
        match &self.cache {
            None => Ok(format!("{nodes} nodes of a saved snapshot")),
            Some(cache) if cache.borrow().synced => Ok(format!("synced, {nodes} nodes")),
            Some(cache) => {
                let errors: Vec<String> = cache
                    .borrow()
                    .watches()
                    .iter()
                    .filter_map(|(_, watch)| watch.last_error.clone())
                    .collect();
                let error = errors.first().map(|error| format!("; last error: {error}")).unwrap_or_default();
                Err(format!("the API server has not listed everything yet{error}"))
            }
        }
    }

    /// Only the first refresh is waited for, and only where there is a node to measure: its timeout bounds the wait.
    /// From then on a source that is gone makes gpulse decide by allocation, and not unready.
    fn telemetry_check(&self) -> Result<String, String> {
        let Some(telemetry) = &self.telemetry else { return Ok("of a saved snapshot".into()) };
        let status = telemetry.borrow().clone();
        if status.mode == Mode::Starting && (self.picture)().node_count() > 0 {
            return Err("the first refresh is under way".into());
        }
        let error = status.last_error.as_ref().map(|error| format!(", {error}")).unwrap_or_default();
        Ok(format!("source {}, decisions {}{error}", status.mode.name(), self.mode().name()))
    }
}

impl Vitals for Rooms {
    fn telemetry(&self) -> TelemetryVitals {
        let snapshot = (self.picture)();
        let measured = Measured::of(&snapshot);
        let status = self.telemetry.as_ref().map(|telemetry| telemetry.borrow().clone()).unwrap_or_default();
        TelemetryVitals {
            mode: measured.mode(),
            refresh_age: status.last_success.map(|at| snapshot.as_of.since(at)),
            sample_age: measured.newest.map(|at| snapshot.as_of.since(at)),
            series: status.report.series as u64,
            join_rate: (measured.gpu_nodes > 0).then(|| measured.known as f64 / measured.gpu_nodes as f64),
            refreshes: status.refreshes_ok,
            failed_refreshes: status.refreshes_failed,
        }
    }

    fn cluster(&self) -> ClusterVitals {
        let snapshot = (self.picture)();
        ClusterVitals {
            synced: self.cache.as_ref().is_none_or(|cache| cache.borrow().synced),
            nodes: snapshot.node_count() as u64,
            pods: snapshot.nodes().map(|node| node.pods().len() as u64).sum(),
        }
    }
}

/// How much of the cluster is measured.
#[derive(Debug, Default)]
struct Measured {
    /// Nodes that offer GPUs.
    gpu_nodes: usize,
    /// Those of them with a sample of any age.
    known: usize,
    /// Those whose samples still count.
    counting: usize,
    /// Those whose samples are fresh.
    fresh: usize,
    newest: Option<Timestamp>,
}

impl Measured {
    fn of(snapshot: &Snapshot) -> Self {
        let mut measured = Self::default();
        for node in snapshot.nodes().filter(|node| node.pools().any(|(facts, _)| facts.capacity > 0)) {
            measured.gpu_nodes += 1;
            let loads = node.pools().filter_map(|(_, pool)| pool.load);
            let Some(at) = loads.map(|load| load.sampled_at).max() else { continue };
            let age: Duration = snapshot.as_of.since(at);
            measured.known += 1;
            measured.counting += usize::from(snapshot.freshness.confidence(age) > Confidence::default());
            measured.fresh += usize::from(snapshot.freshness.freshness(age) == Freshness::Fresh);
            measured.newest = measured.newest.max(Some(at));
        }
        measured
    }

    fn mode(&self) -> TelemetryMode {
        match self {
            Self { counting: 0, .. } => TelemetryMode::AllocationOnly,
            Self { fresh: 0, .. } => TelemetryMode::Stale,
            Self { fresh, gpu_nodes, .. } if fresh == gpu_nodes => TelemetryMode::Live,
            Self { .. } => TelemetryMode::Partial,
        }
    }
}
