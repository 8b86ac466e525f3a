//! Which resource names are GPUs.

use std::sync::Arc;

use super::pool::PoolKind;

/// The resource names that count as GPUs: the vendors' own and those the operator adds.
///
/// Names: NVIDIA/k8s-device-plugin (`nvidia.com/gpu`, `nvidia.com/gpu.shared`, `nvidia.com/mig-<profile>`) and
/// ROCm/k8s-device-plugin (`amd.com/gpu`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuResources {
    whole: Vec<Arc<str>>,
}

const NVIDIA_SHARED: &str = "nvidia.com/gpu.shared";
const NVIDIA_MIG_PREFIX: &str = "nvidia.com/mig-";

impl Default for GpuResources {
    fn default() -> Self {
        Self::with_others::<&str>([])
    }
}

impl GpuResources {
    /// The built-in names and `others`, which are counted as whole devices.
    #[must_use]
    pub fn with_others<S: AsRef<str>>(others: impl IntoIterator<Item = S>) -> Self {
        let built_in = ["nvidia.com/gpu", "amd.com/gpu"].map(Arc::from);
        let others = others.into_iter().map(|name| Arc::from(name.as_ref()));
        Self { whole: built_in.into_iter().chain(others).collect() }
    }

    /// What a resource name counts, or `None` where it is no GPU. `replicas` is what the node says of how many
    /// copies of one GPU it offers (`nvidia.com/gpu.replicas`).
    #[must_use]
    pub fn kind(&self, resource: &str, replicas: u32) -> Option<PoolKind> {
        if let Some(profile) = resource.strip_prefix(NVIDIA_MIG_PREFIX) {
            return Some(PoolKind::Mig { profile: profile.into() });
        }
        let shared = resource == NVIDIA_SHARED || (replicas > 1 && resource == "nvidia.com/gpu");
        match shared {
            true => Some(PoolKind::Shared { replicas: replicas.max(1) }),
            false => self.whole.iter().any(|name| **name == *resource).then_some(PoolKind::Whole),
        }
    }

    /// The name as a shared string where it is a GPU: common names are not copied for each pod.
    #[must_use]
    pub fn name(&self, resource: &str) -> Option<Arc<str>> {
        let known = self.whole.iter().find(|name| ***name == *resource).cloned();
        known.or_else(|| self.kind(resource, 1).map(|_| resource.into()))
    }
}
