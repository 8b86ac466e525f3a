//! The configuration file, section by section.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::profile::ProfileSection;
use super::values::ResourceName;
use crate::cache::KubernetesConfig;
use crate::extender::{AdminConfig, ExtenderConfig};
use crate::telemetry::TelemetryConfig;

/// gpulse's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GpulseConfiguration {
    /// The version of this file's shape.
    pub api_version: ApiVersion,
    /// What this file is.
    pub kind: Kind,
    /// The port that kube-scheduler calls.
    #[serde(default)]
    pub server: ExtenderConfig,
    /// The port for probes, Prometheus and people.
    #[serde(default)]
    pub admin: AdminConfig,
    /// Where nodes and pods come from.
    #[serde(default)]
    pub cluster: ClusterSection,
    /// Where measurements come from, and how old they may be.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
    /// The policies. One is named `default` and decides where a pod names none.
    #[serde(default = "standard_profiles")]
    pub profiles: Vec<ProfileSection>,
}

/// The version of the file's shape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum ApiVersion {
    /// The first.
    #[default]
    #[serde(rename = "gpulse.dev/v1alpha1")]
    V1Alpha1,
}

/// What the file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Kind {
    /// A configuration of gpulse.
    #[default]
    GpulseConfiguration,
}

/// Where nodes and pods come from, and which of their resources are GPUs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClusterSection {
    /// Where nodes and pods come from.
    pub source: ClusterSource,
    /// Names of further resources that are GPUs, counted as whole devices; `nvidia.com/gpu`, `nvidia.com/gpu.shared`,
    /// `nvidia.com/mig-*` and `amd.com/gpu` are known.
    pub gpu_resources: Vec<ResourceName>,
}

/// Where nodes and pods come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClusterSource {
    /// The API server, watched.
    Kubernetes(KubernetesConfig),
    /// A saved snapshot, for trials and load tests. Its measurements count as old as they were when it was saved,
    /// unless `telemetry` has a source of its own.
    File(SnapshotFile),
}

/// Where the saved snapshot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotFile {
    /// What `gpulse snapshot` wrote.
    pub path: PathBuf,
}

impl Default for ClusterSource {
    fn default() -> Self {
        Self::Kubernetes(KubernetesConfig::default())
    }
}

fn standard_profiles() -> Vec<ProfileSection> {
    vec![ProfileSection::standard()]
}

impl Default for GpulseConfiguration {
    fn default() -> Self {
        Self {
            api_version: ApiVersion::default(),
            kind: Kind::default(),
            server: ExtenderConfig::default(),
            admin: AdminConfig::default(),
            cluster: ClusterSection::default(),
            telemetry: TelemetryConfig::default(),
            profiles: standard_profiles(),
        }
    }
}
