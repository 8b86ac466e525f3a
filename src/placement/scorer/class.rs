//! Pods that are alike.

use std::sync::Arc;

use crate::cluster::{GpuDemand, Mib, MilliCpu, ModelPattern};
use crate::placement::Inquiry;

/// All that verdicts and scores read of a pod, but for what nodes with nominated pods are asked.
#[derive(Debug)]
pub(super) struct Class {
    gpus: Vec<GpuDemand>,
    cpu: MilliCpu,
    memory: Mib,
    models: Vec<ModelPattern>,
    min_gpu_memory: Option<Mib>,
    owner: Option<Arc<str>>,
}

impl Class {
    pub(super) fn of(inquiry: &Inquiry<'_>) -> Self {
        let pod = inquiry.pod;
        Self {
            gpus: pod.gpus.clone(),
            cpu: pod.cpu,
            memory: pod.memory,
            models: pod.models.clone(),
            min_gpu_memory: pod.min_gpu_memory,
            owner: owner(inquiry).cloned(),
        }
    }

    /// Whether the pod is one of the class.
    pub(super) fn has(&self, inquiry: &Inquiry<'_>) -> bool {
        let pod = inquiry.pod;
        (self.cpu, self.memory) == (pod.cpu, pod.memory)
            && self.gpus == pod.gpus
            && self.models == pod.models
            && self.min_gpu_memory == pod.min_gpu_memory
            && self.owner.as_ref() == owner(inquiry)
    }
}

/// The pod's owner where the profile asks for it.
fn owner<'a>(inquiry: &Inquiry<'a>) -> Option<&'a Arc<str>> {
    inquiry.pod.owner.as_ref().filter(|_| inquiry.profile.affinity.owner_weight > 0)
}
