//! From a Node to what it offers.

use std::collections::BTreeMap;

use super::objects::{Node, QuantityText, Resources};
use super::pod::PRODUCT_LABEL;
use super::{FieldError, ObjectError, Reader, bytes_to_mib, devices, quantity};
use crate::cluster::model::Model;
use crate::cluster::node::NodeFacts;
use crate::cluster::pool::PoolFacts;
use crate::cluster::units::{Mib, MilliCpu};

/// Labels that name the GPU model, best first: NVIDIA's and AMD's node labellers, GKE, Karpenter on AWS.
const MODEL_LABELS: [&str; 4] = [
    PRODUCT_LABEL,
    "amd.com/gpu.product-name",
    "cloud.google.com/gke-accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
];

/// Labels that give each GPU's framebuffer memory in MiB.
const MEMORY_LABELS: [&str; 2] = ["nvidia.com/gpu.memory", "karpenter.k8s.aws/instance-gpu-memory"];

const COUNT_LABEL: &str = "nvidia.com/gpu.count";
const REPLICAS_LABEL: &str = "nvidia.com/gpu.replicas";

impl Reader {
    /// What a node offers.
    ///
    /// # Errors
    /// Names the field or label that cannot be read.
    pub fn node(&self, node: &Node) -> Result<NodeFacts, ObjectError> {
        self.facts(node).map_err(|error| error.of(format!("node {}", node.metadata.name)))
    }

    fn facts(&self, node: &Node) -> Result<NodeFacts, FieldError> {
        let labels = &node.metadata.labels;
        let capacity = &node.status.capacity;
        let allocatable =
            if node.status.allocatable.is_empty() { capacity } else { &node.status.allocatable };
        let amount = |name: &str| {
            let zero = QuantityText("0".into());
            quantity(&format!("allocatable.{name}"), allocatable.get(name).unwrap_or(&zero))
        };
        let kept = labels.iter().filter(|(key, _)| self.kept_labels.contains(key.as_str()));
        Ok(NodeFacts {
            name: node.metadata.name.as_str().into(),
            cpu: MilliCpu(amount("cpu")?.millis().unsigned_abs()),
            memory: Mib(bytes_to_mib(amount("memory")?, false)),
            pools: self.pools(capacity, allocatable, labels)?,
            model: MODEL_LABELS.iter().find_map(|key| labels.get(*key)).map(|product| model(product)),
            gpu_memory: number(labels, &MEMORY_LABELS)?.map(Mib),
            internal_ip: node
                .status
                .addresses
                .iter()
                .find(|a| a.kind == "InternalIP")
                .map(|a| a.address.as_str().into()),
            labels: kept.map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect(),
        })
    }

    fn pools(
        &self,
        capacity: &Resources,
        allocatable: &Resources,
        labels: &BTreeMap<String, String>,
    ) -> Result<Vec<PoolFacts>, FieldError> {
        let mut pools = Vec::new();
        for (name, text) in allocatable {
            let Some(resource) = self.gpu_resources.name(name) else { continue };
            let field = format!("allocatable.{name}");
            let allocatable = devices(&field, quantity(&field, text)?)?;
            let field = format!("capacity.{name}");
            let capacity = match capacity.get(name) {
                Some(text) => devices(&field, quantity(&field, text)?)?.max(allocatable),
                None => allocatable,
            };
            let replicas = replicas(labels, capacity)?;
            let Some(kind) = self.gpu_resources.kind(name, replicas) else { continue };
            pools.push(PoolFacts { resource, kind, capacity, allocatable });
        }
        Ok(pools)
    }
}

/// Shares of one GPU: by its own label, else capacity over the count of physical GPUs.
fn replicas(labels: &BTreeMap<String, String>, capacity: u32) -> Result<u32, FieldError> {
    if let Some(replicas) = number(labels, &[REPLICAS_LABEL])? {
        return Ok(u32::try_from(replicas).unwrap_or(u32::MAX));
    }
    let physical = number(labels, &[COUNT_LABEL])?.filter(|count| *count > 0);
    Ok(physical.map_or(1, |count| (u64::from(capacity) / count).max(1) as u32))
}

/// The model without what GPU feature discovery appends for sharing (`-SHARED`) and MIG (`-MIG-1g.5gb`).
fn model(product: &str) -> Model {
    let end = ["-SHARED", "-MIG-"].iter().filter_map(|suffix| product.find(suffix)).min();
    Model::new(&product[..end.unwrap_or(product.len())])
}

fn number(labels: &BTreeMap<String, String>, keys: &[&str]) -> Result<Option<u64>, FieldError> {
    let Some((key, text)) = keys.iter().find_map(|key| Some((key, labels.get(*key)?))) else {
        return Ok(None);
    };
    let refuse = |_| FieldError::new(format!("label {key}"), "a whole number", text);
    text.parse().map(Some).map_err(refuse)
}
