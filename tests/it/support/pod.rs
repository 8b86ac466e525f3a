//! Pods.

use gpulse::cluster::kubernetes::{self, Reader};
use gpulse::cluster::{BoundPod, ObjectError, PodKey, PodRequest};
use serde_json::{Value, json};

/// A pending pod in namespace `default` with one container that asks for nothing. Its UID is `uid-<name>`.
pub(crate) fn pod(name: &str) -> PodBuilder {
    PodBuilder {
        object: json!({
            "metadata": {"name": name, "namespace": "default", "uid": format!("uid-{name}")},
            "spec": {"containers": [{"name": "main", "resources": {}}]},
            "status": {"phase": "Pending"},
        }),
    }
}

/// A pod in the making.
#[derive(Debug, Clone)]
pub(crate) struct PodBuilder {
    object: Value,
}

impl PodBuilder {
    /// Whole NVIDIA GPUs, asked for by its first container.
    pub(crate) fn gpus(self, count: u32) -> Self {
        self.asks("nvidia.com/gpu", count)
    }

    /// CPU, such as `4` or `500m`.
    pub(crate) fn cpu(self, amount: &str) -> Self {
        self.asks("cpu", amount)
    }

    /// Memory, such as `16Gi`.
    pub(crate) fn memory(self, amount: &str) -> Self {
        self.asks("memory", amount)
    }

    /// Any resource, asked for by its first container.
    pub(crate) fn asks(mut self, resource: &str, amount: impl Into<Value>) -> Self {
        self.object["spec"]["containers"][0]["resources"]["requests"][resource] = amount.into();
        self
    }

    /// Exactly these containers.
    pub(crate) fn containers(mut self, containers: impl IntoIterator<Item = ContainerBuilder>) -> Self {
        self.object["spec"]["containers"] = containers.into_iter().map(|c| c.object).collect();
        self
    }

    /// Exactly these init containers, in order.
    pub(crate) fn init_containers(mut self, containers: impl IntoIterator<Item = ContainerBuilder>) -> Self {
        self.object["spec"]["initContainers"] = containers.into_iter().map(|c| c.object).collect();
        self
    }

    /// What the runtime itself takes.
    pub(crate) fn overhead(mut self, resource: &str, amount: impl Into<Value>) -> Self {
        self.object["spec"]["overhead"][resource] = amount.into();
        self
    }

    /// A request of the pod as a whole.
    pub(crate) fn pod_level_request(mut self, resource: &str, amount: impl Into<Value>) -> Self {
        self.object["spec"]["resources"]["requests"][resource] = amount.into();
        self
    }

    /// A limit of the pod as a whole.
    pub(crate) fn pod_level_limit(mut self, resource: &str, amount: impl Into<Value>) -> Self {
        self.object["spec"]["resources"]["limits"][resource] = amount.into();
        self
    }

    /// In another namespace than `default`.
    pub(crate) fn namespace(mut self, namespace: &str) -> Self {
        self.object["metadata"]["namespace"] = namespace.into();
        self
    }

    /// Another UID than `uid-<name>`.
    pub(crate) fn uid(mut self, uid: &str) -> Self {
        self.object["metadata"]["uid"] = uid.into();
        self
    }

    /// Made by the controller with this UID.
    pub(crate) fn owner(mut self, uid: &str) -> Self {
        self.object["metadata"]["ownerReferences"] = json!([{"uid": uid, "controller": true}]);
        self
    }

    /// Its priority.
    pub(crate) fn priority(mut self, priority: i32) -> Self {
        self.object["spec"]["priority"] = priority.into();
        self
    }

    /// Bound to a node.
    pub(crate) fn on(mut self, node: &str) -> Self {
        self.object["spec"]["nodeName"] = node.into();
        self
    }

    /// Nominated to a node: preemption makes room there.
    pub(crate) fn nominated(mut self, node: &str) -> Self {
        self.object["status"]["nominatedNodeName"] = node.into();
        self
    }

    /// Its phase: `Pending`, `Running`, `Succeeded`, ...
    pub(crate) fn phase(mut self, phase: &str) -> Self {
        self.object["status"]["phase"] = phase.into();
        self
    }

    /// Its deletion is under way.
    pub(crate) fn deleting(mut self) -> Self {
        self.object["metadata"]["deletionTimestamp"] = "2026-11-20T10:00:00Z".into();
        self
    }

    /// Any annotation.
    pub(crate) fn annotation(mut self, key: &str, value: &str) -> Self {
        self.object["metadata"]["annotations"][key] = value.into();
        self
    }

    /// The GPU models it accepts, as in `gpulse.dev/gpu-models`.
    pub(crate) fn models(self, list: &str) -> Self {
        self.annotation(kubernetes::MODELS_ANNOTATION, list)
    }

    /// The framebuffer memory that each GPU must have, as in `gpulse.dev/gpu-memory`.
    pub(crate) fn gpu_memory(self, amount: &str) -> Self {
        self.annotation(kubernetes::GPU_MEMORY_ANNOTATION, amount)
    }

    /// The profile it names, as in `gpulse.dev/profile`.
    pub(crate) fn profile(self, name: &str) -> Self {
        self.annotation(kubernetes::PROFILE_ANNOTATION, name)
    }

    /// A label that a node must have.
    pub(crate) fn node_selector(mut self, key: &str, value: &str) -> Self {
        self.object["spec"]["nodeSelector"][key] = value.into();
        self
    }

    /// Terms of required node affinity, each one requirement `key In values`.
    pub(crate) fn node_affinity(mut self, terms: &[(&str, &[&str])]) -> Self {
        let term = |(key, values): &(&str, &[&str])| json!({"matchExpressions": [{"key": key, "operator": "In", "values": values}]});
        let terms: Vec<Value> = terms.iter().map(term).collect();
        self.object["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
            json!({"nodeSelectorTerms": terms});
        self
    }

    /// As the API server sends it (without `apiVersion` and `kind`, as in lists and requests).
    pub(crate) fn json(&self) -> Value {
        self.object.clone()
    }

    /// As the door reads it.
    pub(crate) fn object(&self) -> kubernetes::Pod {
        serde_json::from_value(self.json()).unwrap()
    }

    /// What the default reader makes of it.
    pub(crate) fn read(&self) -> Result<PodRequest, ObjectError> {
        Reader::default().pod(&self.object())
    }

    /// The effective request of a pod that is right.
    pub(crate) fn request(&self) -> PodRequest {
        self.read().unwrap()
    }

    /// The room it takes up, if any.
    pub(crate) fn bound(&self) -> Option<BoundPod> {
        Reader::default().bound_pod(&self.object()).unwrap()
    }

    /// Its namespace and name.
    pub(crate) fn key(&self) -> PodKey {
        let part = |name: &str| self.object["metadata"][name].as_str().unwrap();
        PodKey::new(part("namespace"), part("name"))
    }
}

/// A container that asks for nothing.
pub(crate) fn container() -> ContainerBuilder {
    ContainerBuilder { object: json!({"name": "c", "resources": {}}) }
}

/// A container in the making.
#[derive(Debug, Clone)]
pub(crate) struct ContainerBuilder {
    object: Value,
}

impl ContainerBuilder {
    /// A request.
    pub(crate) fn asks(mut self, resource: &str, amount: impl Into<Value>) -> Self {
        self.object["resources"]["requests"][resource] = amount.into();
        self
    }

    /// A limit.
    pub(crate) fn limit(mut self, resource: &str, amount: impl Into<Value>) -> Self {
        self.object["resources"]["limits"][resource] = amount.into();
        self
    }

    /// An init container that keeps running: `restartPolicy: Always`.
    pub(crate) fn sidecar(mut self) -> Self {
        self.object["restartPolicy"] = "Always".into();
        self
    }
}
