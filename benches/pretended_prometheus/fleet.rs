//! A fleet whose every GPU is held by a pod, one small object at a time: whoever measures memory holds nothing else.

use anyhow::Result;
use gpulse::cluster::kubernetes::{Node, Pod, Reader};
use gpulse::cluster::{Board, FreshnessPolicy};
use serde::Deserialize;
use serde_json::json;

/// GPUs of each node.
pub(crate) const GPUS: usize = 8;

/// The name of a node, 28 characters.
pub(crate) fn node_name(node: usize) -> String {
    format!("gpu-node-{node:05}.example.local")
}

/// The name of the pod in the namespace `training` that holds the GPU.
pub(crate) fn pod_name(node: usize, gpu: usize) -> String {
    format!("llama-70b-worker-{node:05}-{gpu}")
}

/// A board that shows the fleet without a measurement.
pub(crate) fn board(nodes: usize) -> Result<Board> {
    let board = Board::new(FreshnessPolicy::default());
    let reader = Reader::default();
    for node in 0..nodes {
        let name = node_name(node);
        let room =
            json!({"cpu": "96", "memory": "1056Gi", "pods": "110", "nvidia.com/gpu": GPUS.to_string()});
        let object = json!({
            "metadata": {"name": name, "labels": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}},
            "status": {"capacity": room, "allocatable": room},
        });
        let facts = reader.node(&Node::deserialize(object)?)?;
        let pods = (0..GPUS).map(|gpu| {
            let asked = json!({"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "1"});
            let object = json!({
                "metadata": {"namespace": "training", "name": pod_name(node, gpu)},
                "spec": {"nodeName": name, "containers": [{"name": "main", "resources": {"requests": asked}}]},
            });
            anyhow::Ok(reader.bound_pod(&Pod::deserialize(object)?)?)
        });
        let pods = pods.collect::<Result<Vec<_>>>()?;
        board.update(|assembly| {
            assembly.apply_node(facts);
            pods.into_iter().flatten().for_each(|pod| assembly.apply_pod(pod));
        });
    }
    Ok(board)
}
