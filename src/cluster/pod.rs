//! What a pod asks for, and which pods hold something already.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::model::ModelPattern;
use super::units::{Mib, MilliCpu, MilliGpu};

/// A pod's namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodKey {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name, unique in its namespace.
    pub name: Arc<str>,
}

impl PodKey {
    /// From its two parts.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for PodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The effective request of a pod, as placement reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodRequest {
    /// Which pod.
    pub key: PodKey,
    /// The API server's identity of this very pod; empty for a manifest that was never created.
    #[serde(default)]
    pub uid: Arc<str>,
    /// The UID of the controller that made the pod (ReplicaSet, Job, ...), if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
    /// `spec.priority`; 0 where unset.
    #[serde(default)]
    pub priority: i32,
    /// CPU, by Kubernetes' formula over all containers.
    pub cpu: MilliCpu,
    /// Memory, likewise.
    pub memory: Mib,
    /// The GPUs asked for: one entry for each resource name, none for a pod without GPUs.
    pub gpus: Vec<GpuDemand>,
    /// The GPU models the pod accepts, in its order of preference; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelPattern>,
    /// The framebuffer memory that each GPU must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_gpu_memory: Option<Mib>,
    /// The profile the pod names for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Arc<str>>,
}

/// How many of one GPU resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuDemand {
    /// The resource name, such as `nvidia.com/gpu`.
    pub resource: Arc<str>,
    /// How many; at least one.
    pub count: u32,
    /// How much of each GPU: less than a whole one only where the GPUs are [`Divisible`](super::PoolKind::Divisible).
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub share: MilliGpu,
}

fn whole() -> MilliGpu {
    MilliGpu::WHOLE
}

fn is_whole(share: &MilliGpu) -> bool {
    *share == MilliGpu::WHOLE
}

impl GpuDemand {
    /// So many whole units.
    #[must_use]
    pub fn whole(resource: Arc<str>, count: u32) -> Self {
        Self { resource, count, share: MilliGpu::WHOLE }
    }
}

impl PodRequest {
    /// GPUs of all kinds together.
    #[must_use]
    pub fn gpu_count(&self) -> u32 {
        self.gpus.iter().fold(0, |sum, demand| sum.saturating_add(demand.count))
    }
}

/// A pod that takes up room on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoundPod {
    /// What it takes.
    #[serde(flatten)]
    pub request: PodRequest,
    /// The node that it is on.
    pub node: Arc<str>,
    /// How firmly.
    pub hold: Hold,
}

/// How firmly a pod holds its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Hold {
    /// Bound (`spec.nodeName`) and not yet Succeeded or Failed. A deletion under way frees nothing.
    Bound,
    /// Nominated (`status.nominatedNodeName`): counts against pods of equal or lower priority, as in kube-scheduler's
    /// `RunFilterPluginsWithNominatedPods`.
    Nominated,
}
