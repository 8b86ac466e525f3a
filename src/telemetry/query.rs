//! What is asked of Prometheus: one query for the whole cluster, whatever its size.

use std::time::Duration;

use super::config::{DialectConfig, TelemetryConfig};
use super::dialect::{self, CUSTOM, Metric, XID_LABEL};

/// The label that names the metric.
pub(super) const NAME_LABEL: &str = "__name__";
/// The label that names the metric of rows whose own name PromQL took away.
pub(super) const METRIC_LABEL: &str = "gpulse_metric";
/// The label that marks a row as sample times, and names the metric they belong to.
pub(super) const SAMPLED_LABEL: &str = "gpulse_sampled";

/// The labels, beside those of the node, that say which GPU a series is about and who holds it.
const IDENTITY: [&str; 10] = [
    "gpu",
    "GPU_I_ID",
    "GPU_I_PROFILE",
    "modelName",
    "pod",
    "namespace",
    "exported_pod",
    "exported_namespace",
    "pod_name",
    "pod_namespace",
];

/// The configuration as queries and readers use it: which metrics, which labels, which thresholds.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) metrics: Vec<Metric>,
    pub(super) node_labels: Vec<String>,
    pub(super) uuid_labels: Vec<String>,
    pub(super) fatal_xids: Vec<u32>,
    pub(super) fresh_for: Duration,
    custom: Option<Custom>,
}

#[derive(Debug, Clone)]
struct Custom {
    utilization: String,
    sampled_at: String,
}

impl Plan {
    /// What the configuration asks for.
    #[must_use]
    pub fn new(config: &TelemetryConfig) -> Self {
        let mut plan = Self {
            metrics: dialect::vocabulary(&config.dialect),
            node_labels: config.node_labels.clone(),
            // dcgm-exporter's label, and how its 1.x versions wrote it.
            uuid_labels: ["UUID", "uuid"].map(str::to_owned).to_vec(),
            fatal_xids: config.fatal_xids.clone(),
            fresh_for: config.freshness.fresh_for.0,
            custom: None,
        };
        if let DialectConfig::Custom(custom) = &config.dialect {
            let default = || format!("timestamp(\n{}\n)", custom.utilization);
            let sampled_at = custom.sampled_at.clone().unwrap_or_else(default);
            plan.custom = Some(Custom { utilization: custom.utilization.clone(), sampled_at });
            put_first(&mut plan.uuid_labels, &custom.uuid_label);
            custom.node_label.iter().for_each(|label| put_first(&mut plan.node_labels, label));
        }
        plan
    }

    /// The one query of a refresh: rows of values, and for each utilization a row that gives its sample's time, for an
    /// instant query stamps every row with the time of evaluation.
    ///
    /// Rows are merged by the labels that are read, so that two scrape jobs or a restarted exporter make no
    /// duplicates, and what is not read is not sent.
    #[must_use]
    pub fn query(&self) -> String {
        let by = self.identity().collect::<Vec<_>>().join(",");
        let named =
            |metrics: &[&Metric]| metrics.iter().map(|metric| metric.name).collect::<Vec<_>>().join("|");
        let known = || self.metrics.iter().filter(|metric| metric.name != CUSTOM);
        let (memory, others): (Vec<_>, Vec<_>) = known().partition(|metric| metric.is_memory());
        let (counts, located): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|metric: &&Metric| metric.is_xid_count());
        // Memory and counts are looked up by device, so they need no word on where the device is.
        let devices = format!("{},GPU_I_ID", self.uuid_labels.join(","));
        let fatal = self.fatal_xids.iter().map(u32::to_string).collect::<Vec<_>>().join("|");
        let mut terms = vec![
            format!("max by (__name__,{by}) ({{__name__=~\"{}\"}})", named(&located)),
            format!("max by (__name__,{devices}) ({{__name__=~\"{}\"}})", named(&memory)),
        ];
        if !fatal.is_empty() {
            let counts = named(&counts);
            terms.push(format!(
                "max by (__name__,{XID_LABEL},{devices}) ({{__name__=~\"{counts}\",{XID_LABEL}=~\"{fatal}\"}})"
            ));
        }
        let labelled = |vector: &str, label: &str, name: &str| {
            // Line breaks, so that a comment at the end of the operator's PromQL ends there.
            format!("label_replace(max by ({by}) (\n{vector}\n), \"{label}\", \"{name}\", \"\", \"\")")
        };
        for metric in known().filter(|metric| metric.is_utilization()) {
            terms.push(labelled(&format!("timestamp({})", metric.name), SAMPLED_LABEL, metric.name));
        }
        if let Some(custom) = &self.custom {
            terms.push(labelled(&custom.utilization, METRIC_LABEL, CUSTOM));
            terms.push(labelled(&custom.sampled_at, SAMPLED_LABEL, CUSTOM));
        }
        terms.join("\nor ")
    }

    /// All labels that are read.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.identity().chain([NAME_LABEL, METRIC_LABEL, SAMPLED_LABEL, XID_LABEL])
    }

    /// The labels that say which GPU a series is about, where it is and who holds it.
    fn identity(&self) -> impl Iterator<Item = &str> {
        self.node_labels.iter().chain(&self.uuid_labels).map(String::as_str).chain(IDENTITY)
    }
}

/// Moves or puts the label to the front.
fn put_first(labels: &mut Vec<String>, label: &str) {
    labels.retain(|known| known != label);
    labels.insert(0, label.to_owned());
}
