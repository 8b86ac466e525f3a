//! How measurements are had, as the operator writes it. The doc comments here are the published reference.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster::{FreshnessPolicy, Period};

/// Where measurements of GPUs come from, how often, and how long they are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Where measurements come from. `none`: pods are placed by allocation alone.
    pub source: TelemetrySource,
    /// Time from the start of one refresh to the start of the next. Must be shorter than `freshness.freshFor`.
    pub refresh_interval: Period,
    /// How long one refresh may take before it is given up. Must be shorter than `freshness.freshFor`.
    pub timeout: Period,
    /// How old a measurement may be.
    pub freshness: FreshnessConfig,
    /// Which metrics are read. `auto` reads those of every dcgm-exporter generation and takes what is there.
    pub dialect: DialectConfig,
    /// The labels that may hold a series' node, as its name or internal IP. The label that fits most series is asked
    /// first, the others in this order, and at last the pods that the series names.
    pub node_labels: Vec<String>,
    /// A GPU that had one of these XID errors is unhealthy and not counted as free. Of dcgm-exporter only the last error is
    /// known, unless it exports DCGM_EXP_XID_ERRORS_TOTAL.
    pub fatal_xids: Vec<u32>,
}

/// Where measurements come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TelemetrySource {
    /// Nowhere: pods are placed by allocation alone.
    #[default]
    None,
    /// A Prometheus, or what answers its query API (Thanos, Mimir, VictoriaMetrics).
    Prometheus(PrometheusConfig),
    /// A JSON file of devices by node, read again at each refresh.
    File(FileConfig),
}

/// How Prometheus is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrometheusConfig {
    /// Its address, with the path that it is served under, if any: `https://metrics.example.com/prometheus`.
    pub url: String,
    /// File with a bearer token, read again at each refresh. Not together with `basicAuth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<PathBuf>,
    /// User name and password. Not together with `bearerTokenFile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// File with the PEM certificates that the server's certificate must lead to, read again at each refresh. Without
    /// it the system's are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The certificate that gpulse shows to the server, read again at each refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
    /// Further request headers, such as `X-Scope-OrgID`. Not for secrets: they are printed with the configuration.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// User name and password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BasicAuth {
    /// The user name.
    pub username: String,
    /// File with the password, read again at each refresh.
    pub password_file: PathBuf,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientCertificate {
    /// PEM file with the certificate, and those that lead to its authority.
    pub cert_file: PathBuf,
    /// PEM file with its private key.
    pub key_file: PathBuf,
}

/// Where the file of devices is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileConfig {
    /// A JSON object: for each node name a list of devices as in a saved snapshot. A utilization without `sampledAt`
    /// counts as taken when the file is read.
    pub path: PathBuf,
}

/// How old a measurement may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FreshnessConfig {
    /// Up to this age a measurement counts in full.
    pub fresh_for: Period,
    /// From this age on it counts as missing; in between its weight falls smoothly.
    pub expires_after: Period,
}

/// Which metrics are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DialectConfig {
    /// Whatever of the known dialects is there.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// dcgm-exporter up to 4.8: `DCGM_FI_DEV_GPU_UTIL` in percent, framebuffer memory in MiB.
    #[serde(rename = "dcgm-4.8")]
    Dcgm48,
    /// dcgm-exporter from 4.9 on: `DCGM_FI_DEV_GPU_UTIL_RATIO` from 0 to 1, framebuffer memory in bytes.
    #[serde(rename = "dcgm-4.9")]
    Dcgm49,
    /// Your own PromQL for the utilization. Memory and XID errors are still read under dcgm-exporter's names.
    #[serde(rename = "custom")]
    Custom(CustomDialect),
}

/// Your own PromQL for the utilization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomDialect {
    /// An instant vector with one element for each GPU, such as
    /// `avg_over_time(DCGM_FI_PROF_PIPE_TENSOR_ACTIVE[2m])`.
    pub utilization: String,
    /// What a fully busy GPU reads: `ratio` 1, `percent` 100.
    pub scale: UtilizationScale,
    /// An instant vector with the same labels that gives each sample's time in seconds since the epoch. By default
    /// `timestamp(...)` around `utilization`: right for a plain metric, while for anything else Prometheus then gives
    /// the time of evaluation, although the samples behind it may be five minutes old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_at: Option<String>,
    /// The label that holds the node; it is asked before `nodeLabels`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_label: Option<String>,
    /// The label that identifies the GPU; by default `UUID`.
    #[serde(default = "default_uuid_label")]
    pub uuid_label: String,
}

/// What a fully busy GPU reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UtilizationScale {
    /// 1.
    Ratio,
    /// 100.
    Percent,
}

impl FreshnessConfig {
    /// The policy to give to the [`Board`](crate::cluster::Board).
    #[must_use]
    pub fn policy(&self) -> FreshnessPolicy {
        FreshnessPolicy { fresh_for: self.fresh_for.0, expires_after: self.expires_after.0 }
    }
}

impl Default for FreshnessConfig {
    fn default() -> Self {
        let FreshnessPolicy { fresh_for, expires_after } = FreshnessPolicy::default();
        Self { fresh_for: Period(fresh_for), expires_after: Period(expires_after) }
    }
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            source: TelemetrySource::None,
            // dcgm-exporter's own ServiceMonitor has it scraped every 15 s: asking more often brings nothing new.
            refresh_interval: Period::seconds(15),
            timeout: Period::seconds(10),
            freshness: FreshnessConfig::default(),
            dialect: DialectConfig::Auto,
            node_labels: NODE_LABELS.map(str::to_owned).to_vec(),
            fatal_xids: FATAL_XIDS.to_vec(),
        }
    }
}

/// Labels that hold the node on one stack or another: relabelled by Prometheus operators, dcgm-exporter's own (it
/// renamed `Hostname` in 2026), and the target's address where the exporter runs in the host's network.
const NODE_LABELS: [&str; 7] =
    ["node", "kubernetes_node", "nodename", "Hostname", "hostname", "exported_instance", "instance"];

/// XID errors that only a reset or a replacement mends (NVIDIA's XID catalogue).
const FATAL_XIDS: [u32; 8] = [48, 62, 64, 74, 79, 95, 119, 120];

fn default_uuid_label() -> String {
    "UUID".to_owned()
}
