//! Nodes.

use std::sync::Arc;

use gpulse::cluster::kubernetes::{self, Reader};
use gpulse::cluster::{Gpu, NodeFacts, ObjectError};
use serde_json::{Value, json};

use super::{GpuBuilder, gpu};

/// A node with 64 CPUs, 512 GiB of memory, room for 110 pods and no GPU.
pub(crate) fn node(name: &str) -> NodeBuilder {
    let object = json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}, "annotations": {}},
        "spec": {},
        "status": {
            "capacity": {"pods": "110"},
            "allocatable": {"pods": "110"},
            "addresses": [{"type": "Hostname", "address": name}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    });
    NodeBuilder { object, gpus: Vec::new() }.cpu("64").memory("512Gi")
}

/// A node in the making, and its GPUs as measured.
#[derive(Debug, Clone)]
pub(crate) struct NodeBuilder {
    object: Value,
    gpus: Vec<GpuBuilder>,
}

impl NodeBuilder {
    /// Whole NVIDIA GPUs.
    pub(crate) fn gpus(self, count: u32) -> Self {
        self.offers("nvidia.com/gpu", count).label("nvidia.com/gpu.count", count)
    }

    /// NVIDIA GPUs, each shared by `replicas` pods (time-slicing without a new name).
    pub(crate) fn shared_gpus(self, count: u32, replicas: u32) -> Self {
        self.gpus(count).offers("nvidia.com/gpu", count * replicas).label("nvidia.com/gpu.replicas", replicas)
    }

    /// MIG instances of a profile such as `1g.10gb` (strategy `mixed`).
    pub(crate) fn mig(self, profile: &str, count: u32) -> Self {
        self.offers(&format!("nvidia.com/mig-{profile}"), count)
    }

    /// Capacity and allocatable of any resource, as a quantity or a number.
    pub(crate) fn offers(self, resource: &str, amount: impl Into<Value>) -> Self {
        let amount = amount.into();
        self.capacity(resource, amount.clone()).allocatable(resource, amount)
    }

    /// Capacity alone.
    pub(crate) fn capacity(mut self, resource: &str, amount: impl Into<Value>) -> Self {
        self.object["status"]["capacity"][resource] = amount.into();
        self
    }

    /// Allocatable alone: less than the capacity where the device plugin took devices back.
    pub(crate) fn allocatable(mut self, resource: &str, amount: impl Into<Value>) -> Self {
        self.object["status"]["allocatable"][resource] = amount.into();
        self
    }

    /// CPU, such as `64` or `63500m`.
    pub(crate) fn cpu(self, amount: &str) -> Self {
        self.offers("cpu", amount)
    }

    /// Memory, such as `512Gi`.
    pub(crate) fn memory(self, amount: &str) -> Self {
        self.offers("memory", amount)
    }

    /// The GPU model, by GPU feature discovery's label.
    pub(crate) fn model(self, product: &str) -> Self {
        self.label("nvidia.com/gpu.product", product)
    }

    /// Framebuffer memory of each GPU in MiB, by GPU feature discovery's label.
    pub(crate) fn gpu_memory_mib(self, mib: u64) -> Self {
        self.label("nvidia.com/gpu.memory", mib)
    }

    /// Any label.
    pub(crate) fn label(mut self, key: &str, value: impl ToString) -> Self {
        self.object["metadata"]["labels"][key] = value.to_string().into();
        self
    }

    /// The address that other nodes reach it by.
    pub(crate) fn internal_ip(mut self, address: &str) -> Self {
        self.object["status"]["addresses"] = json!([{"type": "InternalIP", "address": address}]);
        self
    }

    /// One GPU for each percentage, sampled just now.
    pub(crate) fn busy(self, percentages: &[u16]) -> Self {
        let gpus = percentages.iter().zip(0..).map(|(percent, index)| gpu(index).busy(*percent));
        self.measured(gpus)
    }

    /// GPUs as telemetry sees them.
    pub(crate) fn measured(mut self, gpus: impl IntoIterator<Item = GpuBuilder>) -> Self {
        self.gpus = gpus.into_iter().collect();
        self
    }

    /// The node's name.
    pub(crate) fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap()
    }

    /// As the API server sends it (without `apiVersion` and `kind`, as in lists and requests).
    pub(crate) fn json(&self) -> Value {
        self.object.clone()
    }

    /// As the door reads it.
    pub(crate) fn object(&self) -> kubernetes::Node {
        serde_json::from_value(self.json()).unwrap()
    }

    /// What the default reader makes of it.
    pub(crate) fn read(&self) -> Result<NodeFacts, ObjectError> {
        Reader::default().node(&self.object())
    }

    /// What the default reader makes of a node that is right.
    pub(crate) fn facts(&self) -> NodeFacts {
        self.read().unwrap()
    }

    /// Its GPUs as measured, uuids `GPU-<node>-<index>`.
    pub(crate) fn devices(&self) -> Arc<[Gpu]> {
        self.gpus.iter().map(|gpu| gpu.on(self.name())).collect()
    }
}
