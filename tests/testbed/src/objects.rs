//! Nodes and pods as JSON for the API server.
//!
//! ```
//! use testbed::objects::{gpu_node, gpu_pod};
//! let node = gpu_node("n1").gpus(8).model("NVIDIA-H100-80GB-HBM3").build();
//! let pod = gpu_pod("train-0").gpus(2).annotation("gpulse.dev/gpu-models", "NVIDIA-H100-80GB-HBM3").build();
//! assert_eq!(node["status"]["allocatable"]["nvidia.com/gpu"], "8");
//! assert_eq!(pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"], "2");
//! ```

use serde_json::{Value, json};

use crate::exporter::scenario::NodeScenario;

/// A Ready node with 96 CPU, 1 TiB of memory, 110 pods and no GPUs yet.
pub fn gpu_node(name: &str) -> NodeObject {
    let capacity = json!({"cpu": "96", "memory": "1Ti", "pods": "110"});
    NodeObject(json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "pretended"}],
        },
    }))
}

/// The node that a scenario pretends to have.
#[must_use]
pub fn scenario_node(node: &NodeScenario) -> Value {
    gpu_node(&node.name).gpus(node.gpus).model(&node.model).gpu_memory_mib(node.memory_mib).build()
}

/// A pod of one container that asks for one CPU, 1 GiB and no GPUs yet.
pub fn gpu_pod(name: &str) -> PodObject {
    let resources = json!({"cpu": "1", "memory": "1Gi"});
    PodObject(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "containers": [{
                "name": "main",
                "image": "none",
                "resources": {"requests": resources, "limits": resources},
            }],
        },
    }))
}

/// A node in the making.
#[derive(Debug, Clone)]
#[must_use]
pub struct NodeObject(Value);

impl NodeObject {
    /// Whole GPUs under the name `nvidia.com/gpu`, and the label that counts them.
    pub fn gpus(self, count: u32) -> Self {
        self.resource("nvidia.com/gpu", &count.to_string()).label("nvidia.com/gpu.count", &count.to_string())
    }

    /// The GPU model, as the label that NVIDIA's feature discovery sets.
    pub fn model(self, product: &str) -> Self {
        self.label("nvidia.com/gpu.product", product)
    }

    /// The framebuffer memory of each GPU, as the label that NVIDIA's feature discovery sets.
    pub fn gpu_memory_mib(self, mib: u32) -> Self {
        self.label("nvidia.com/gpu.memory", &mib.to_string())
    }

    /// Any resource, in capacity and allocatable; also changes `cpu` and `memory`.
    pub fn resource(mut self, name: &str, quantity: &str) -> Self {
        self.0["status"]["capacity"][name] = quantity.into();
        self.0["status"]["allocatable"][name] = quantity.into();
        self
    }

    /// A label.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.0["metadata"]["labels"][key] = value.into();
        self
    }

    /// The object.
    #[must_use]
    pub fn build(self) -> Value {
        self.0
    }
}

/// A pod in the making.
#[derive(Debug, Clone)]
#[must_use]
pub struct PodObject(Value);

impl PodObject {
    /// The namespace; `default` at first.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.0["metadata"]["namespace"] = namespace.into();
        self
    }

    /// Whole GPUs under the name `nvidia.com/gpu`.
    pub fn gpus(self, count: u32) -> Self {
        self.resource("nvidia.com/gpu", &count.to_string())
    }

    /// Any resource, as request and limit; also changes `cpu` and `memory`.
    pub fn resource(mut self, name: &str, quantity: &str) -> Self {
        let resources = &mut self.0["spec"]["containers"][0]["resources"];
        resources["requests"][name] = quantity.into();
        resources["limits"][name] = quantity.into();
        self
    }

    /// An annotation.
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.0["metadata"]["annotations"][key] = value.into();
        self
    }

    /// A label.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.0["metadata"]["labels"][key] = value.into();
        self
    }

    /// Which scheduler is to place it; the default scheduler at first.
    pub fn scheduler(mut self, name: &str) -> Self {
        self.0["spec"]["schedulerName"] = name.into();
        self
    }

    /// Demands a label of the node.
    pub fn node_selector(mut self, key: &str, value: &str) -> Self {
        self.0["spec"]["nodeSelector"][key] = value.into();
        self
    }

    /// Places it at once, without a scheduler.
    pub fn on_node(mut self, node: &str) -> Self {
        self.0["spec"]["nodeName"] = node.into();
        self
    }

    /// Any other field, given by its section under `spec`.
    pub fn spec(mut self, field: &str, value: Value) -> Self {
        self.0["spec"][field] = value;
        self
    }

    /// The object.
    #[must_use]
    pub fn build(self) -> Value {
        self.0
    }
}
