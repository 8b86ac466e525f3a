//! Why a pod cannot go to a node.

use serde::{Deserialize, Serialize};

/// A refusal. The set is closed and each text is constant: kube-scheduler writes the texts into the pod's status, and
/// one that varied from attempt to attempt would wake the pod again and again (each status change is an event that
/// retries it). Numbers belong to the explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The node does not offer the GPU resource at all.
    NoSuchGpu,
    /// The node's GPUs are of a model that the pod does not accept.
    WrongModel,
    /// The pod names models and the node does not say which it has.
    UnknownModel,
    /// Each GPU has less framebuffer memory than the pod asks for.
    GpuMemoryTooSmall,
    /// The pod asks for GPU memory and the node does not say how much it has.
    UnknownGpuMemory,
    /// Too few GPUs are left by other pods.
    InsufficientGpus,
    /// Enough GPUs are left, but too few healthy ones.
    UnhealthyGpus,
    /// Too little CPU is left.
    InsufficientCpu,
    /// Too little memory is left.
    InsufficientMemory,
}

impl Reason {
    /// Every reason, for metrics and documentation.
    pub const ALL: [Self; 9] = [
        Self::NoSuchGpu,
        Self::WrongModel,
        Self::UnknownModel,
        Self::GpuMemoryTooSmall,
        Self::UnknownGpuMemory,
        Self::InsufficientGpus,
        Self::UnhealthyGpus,
        Self::InsufficientCpu,
        Self::InsufficientMemory,
    ];

    /// The text for people, as `kubectl describe pod` shows it behind a count of nodes.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NoSuchGpu => "gpulse: node offers no such GPU resource",
            Self::WrongModel => "gpulse: GPU model is not one the pod accepts",
            Self::UnknownModel => "gpulse: GPU model of the node is unknown",
            Self::GpuMemoryTooSmall => "gpulse: GPU memory is too small",
            Self::UnknownGpuMemory => "gpulse: GPU memory of the node is unknown",
            Self::InsufficientGpus => "gpulse: too few free GPUs",
            Self::UnhealthyGpus => "gpulse: too few healthy GPUs",
            Self::InsufficientCpu => "gpulse: too little free CPU",
            Self::InsufficientMemory => "gpulse: too little free memory",
        }
    }

    /// The name for machines: metric labels, logs and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSuchGpu => "no-such-gpu",
            Self::WrongModel => "wrong-model",
            Self::UnknownModel => "unknown-model",
            Self::GpuMemoryTooSmall => "gpu-memory-too-small",
            Self::UnknownGpuMemory => "unknown-gpu-memory",
            Self::InsufficientGpus => "insufficient-gpus",
            Self::UnhealthyGpus => "unhealthy-gpus",
            Self::InsufficientCpu => "insufficient-cpu",
            Self::InsufficientMemory => "insufficient-memory",
        }
    }
}
