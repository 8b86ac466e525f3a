//! Snapshots as a gpulse saves them.

use serde_json::{Value, json};

/// A document of these nodes.
pub(crate) fn saved_snapshot(nodes: &[Value]) -> Value {
    json!({
        "apiVersion": "gpulse.dev/v1alpha1",
        "kind": "Snapshot",
        "asOf": 1_800_000_000_000_u64,
        "freshness": {"freshFor": {"secs": 60, "nanos": 0}, "expiresAfter": {"secs": 300, "nanos": 0}},
        "nodes": nodes,
    })
}

/// A node with 64 CPUs, 512 GiB of memory and so many units of a resource.
pub(crate) fn saved_node(name: &str, resource: &str, kind: Value, units: u32) -> Value {
    let pool = json!({"resource": resource, "kind": kind, "capacity": units, "allocatable": units});
    json!({"name": name, "cpu": 64_000, "memory": 524_288, "pools": [pool], "pods": [], "gpus": []})
}

/// A pod with one CPU, 1 GiB of memory and so many units of a resource.
pub(crate) fn saved_pod(name: &str, resource: &str, count: u32) -> Value {
    json!({
        "key": {"namespace": "default", "name": name},
        "uid": "",
        "cpu": 1_000,
        "memory": 1_024,
        "gpus": [{"resource": resource, "count": count}],
    })
}
