//! Series as exporters and Prometheus make them, and what gpulse reads from them.

use std::collections::BTreeMap;

use gpulse::cluster::{Gpu, Samples, Source, Timestamp};
use gpulse::telemetry::{Asked, Directory, DropReason, Plan, Report, TelemetryConfig, devices};
use serde_json::{Value, json};

use crate::support::{ClusterBuilder, NOW, cluster, node};

pub(super) const SM: &str = "DCGM_FI_PROF_SM_ACTIVE";
pub(super) const GR: &str = "DCGM_FI_PROF_GR_ENGINE_ACTIVE";
pub(super) const UTIL: &str = "DCGM_FI_DEV_GPU_UTIL";
pub(super) const SM_RATIO: &str = "DCGM_FI_PROF_SM_UTIL_RATIO";
pub(super) const GR_RATIO: &str = "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO";
pub(super) const UTIL_RATIO: &str = "DCGM_FI_DEV_GPU_UTIL_RATIO";
pub(super) const XID: &str = "DCGM_FI_DEV_XID_ERRORS";

/// DCGM's blank value as its exporter prints it.
pub(super) const BLANK: f64 = 9_223_372_036_854_775_794.0;

/// A series of GPU `GPU-0` on node `a`, sampled now, as dcgm-exporter labels it.
pub(super) fn series(metric: &str, value: f64) -> SeriesBuilder {
    let labels = [("UUID", "GPU-0"), ("gpu", "0"), ("Hostname", "a"), ("modelName", "NVIDIA H100 80GB HBM3")];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
    SeriesBuilder { metric: metric.to_owned(), labels: labels.into(), value, sampled_at: Some(NOW) }
}

#[derive(Debug, Clone)]
pub(super) struct SeriesBuilder {
    metric: String,
    labels: BTreeMap<String, String>,
    value: f64,
    sampled_at: Option<Timestamp>,
}

impl SeriesBuilder {
    pub(super) fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.labels.remove(name);
        self
    }

    /// Of the GPU `GPU-<index>`.
    pub(super) fn gpu(self, index: u32) -> Self {
        self.label("UUID", &format!("GPU-{index}")).label("gpu", &index.to_string())
    }

    /// Of a MIG instance.
    pub(super) fn mig(self, id: u32, profile: &str) -> Self {
        self.label("GPU_I_ID", &id.to_string()).label("GPU_I_PROFILE", profile)
    }

    /// On another node than `a`.
    pub(super) fn on(self, node: &str) -> Self {
        self.label("Hostname", node)
    }

    /// The pod that uses the GPU, and the exporter's, as `honorLabels: false` leaves them.
    pub(super) fn used_by(self, pod: &str) -> Self {
        self.scraped().label("exported_pod", pod).label("exported_namespace", "default")
    }

    /// Scraped from an exporter's pod whose labels Prometheus attached.
    pub(super) fn scraped(self) -> Self {
        self.label("pod", "exporter").label("namespace", "gpu-operator")
    }

    pub(super) fn seconds_old(mut self, seconds: u64) -> Self {
        self.sampled_at = Some(Timestamp(NOW.0 - seconds * 1000));
        self
    }

    /// The answer had no time for it.
    pub(super) fn unsampled(mut self) -> Self {
        self.sampled_at = None;
        self
    }

    /// The rows of its value and of its sample's time.
    fn rows(&self) -> impl Iterator<Item = Value> {
        let row = |name: &str, value: f64| {
            let mut labels = json!(self.labels);
            labels[name] = self.metric.as_str().into();
            json!({"metric": labels, "value": [seconds(NOW), value.to_string()]})
        };
        let value = row(if self.metric == "custom" { "gpulse_metric" } else { "__name__" }, self.value);
        let time = self.sampled_at.map(|at| row("gpulse_sampled", seconds(at)));
        std::iter::once(value).chain(time)
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.0 as f64 / 1000.0
}

/// Nodes `a` and `b` with eight GPUs each.
pub(super) fn two_nodes() -> ClusterBuilder {
    cluster().node(node("a").gpus(8).internal_ip("10.0.0.1")).node(node("b").gpus(8).internal_ip("10.0.0.2"))
}

/// What is read of the series in a cluster, by the configuration.
pub(super) fn read_in(cluster: &ClusterBuilder, config: &TelemetryConfig, series: &[SeriesBuilder]) -> Seen {
    let board = cluster.board();
    let rows: Vec<Value> = series.iter().flat_map(SeriesBuilder::rows).collect();
    let answer = json!({"status": "success", "data": {"resultType": "vector", "result": rows}}).to_string();
    let asked = Asked { sent_at: NOW, answered_at: NOW };
    let read = devices(answer.as_bytes(), &Plan::new(config), &Directory::new(&board), asked);
    let (samples, report) = read.unwrap();
    Seen { samples, report }
}

/// What is read of the series in [`two_nodes`], by the default configuration.
pub(super) fn read(series: &[SeriesBuilder]) -> Seen {
    read_in(&two_nodes(), &TelemetryConfig::default(), series)
}

/// What was read.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) samples: Samples,
    pub(super) report: Report,
}

impl Seen {
    /// The devices of a node.
    pub(super) fn on(&self, node: &str) -> &[Gpu] {
        self.samples.get(node).map(AsRef::as_ref).unwrap_or_default()
    }

    /// The only device that there is.
    pub(super) fn only(&self) -> &Gpu {
        let all: Vec<&Gpu> = self.samples.values().flat_map(|gpus| gpus.iter()).collect();
        assert_eq!(all.len(), 1, "{self:?}");
        all[0]
    }

    /// The only device's utilization in thousandths, and the metric it comes from.
    pub(super) fn utilization(&self) -> Option<(u16, Source)> {
        self.only().utilization.map(|utilization| (utilization.value.get(), utilization.source))
    }

    pub(super) fn dropped(&self) -> Vec<(DropReason, usize)> {
        self.report.dropped.iter().map(|(reason, count)| (*reason, *count)).collect()
    }
}
