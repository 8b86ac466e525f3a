//! What a node offers, as read from its object.

use gpulse::cluster::{Mib, MilliCpu, NodeFacts, PoolKind};
use serde_json::json;

use crate::support::{NodeBuilder, node};

/// The pools as `resource: kind allocatable/capacity`.
fn pools(node: &NodeBuilder) -> Vec<String> {
    let kind = |kind: &PoolKind| match kind {
        PoolKind::Whole => "whole".to_owned(),
        PoolKind::Shared { replicas } => format!("shared by {replicas}"),
        PoolKind::Mig { profile } => format!("MIG {profile}"),
        PoolKind::Divisible => "divisible".to_owned(),
    };
    let facts = node.facts();
    let pools = facts.pools.iter();
    pools.map(|p| format!("{}: {} {}/{}", p.resource, kind(&p.kind), p.allocatable, p.capacity)).collect()
}

#[test]
fn allocatable_is_what_counts_and_capacity_where_it_is_absent() {
    let facts = node("a").cpu("64").allocatable("cpu", "63500m").allocatable("memory", "1000Ki").facts();
    assert_eq!((facts.cpu, facts.memory), (MilliCpu(63_500), Mib(0)), "memory is rounded down");
    let mut object = node("a").cpu("8").memory("16Gi").gpus(2).object();
    object.status.allocatable.clear();
    let facts = gpulse::cluster::kubernetes::Reader::default().node(&object).unwrap();
    assert_eq!((facts.cpu, facts.memory, facts.pools[0].allocatable), (MilliCpu(8000), Mib(16_384), 2));
}

#[test]
fn pools_are_told_apart_by_resource_and_labels() {
    let cases: [(&str, NodeBuilder, &[&str]); 11] = [
        ("no GPU", node("a"), &[]),
        ("whole GPUs", node("a").gpus(8), &["nvidia.com/gpu: whole 8/8"]),
        ("AMD", node("a").offers("amd.com/gpu", 4), &["amd.com/gpu: whole 4/4"]),
        (
            "the device plugin took one back",
            node("a").gpus(8).allocatable("nvidia.com/gpu", 7),
            &["nvidia.com/gpu: whole 7/8"],
        ),
        (
            "more allocatable than capacity, for a moment",
            node("a").gpus(8).capacity("nvidia.com/gpu", 4),
            &["nvidia.com/gpu: whole 8/8"],
        ),
        ("time-slicing by label", node("a").shared_gpus(4, 10), &["nvidia.com/gpu: shared by 10 40/40"]),
        (
            "time-slicing without the label: capacity over the count of GPUs",
            node("a").gpus(4).offers("nvidia.com/gpu", 16),
            &["nvidia.com/gpu: shared by 4 16/16"],
        ),
        ("one replica is no sharing", node("a").shared_gpus(4, 1), &["nvidia.com/gpu: whole 4/4"]),
        (
            "renamed on sharing",
            node("a").offers("nvidia.com/gpu.shared", 8).label("nvidia.com/gpu.replicas", 4),
            &["nvidia.com/gpu.shared: shared by 4 8/8"],
        ),
        (
            "MIG, strategy mixed: each profile its own pool",
            node("a").gpus(0).mig("1g.10gb", 7).mig("3g.40gb", 2),
            &[
                "nvidia.com/gpu: whole 0/0",
                "nvidia.com/mig-1g.10gb: MIG 1g.10gb 7/7",
                "nvidia.com/mig-3g.40gb: MIG 3g.40gb 2/2",
            ],
        ),
        (
            "MIG, strategy single: instances under the whole GPU's name",
            node("a").gpus(14).model("NVIDIA-A100-SXM4-80GB-MIG-1g.10gb"),
            &["nvidia.com/gpu: whole 14/14"],
        ),
    ];
    for (case, node, expected) in cases {
        assert_eq!(pools(&node), expected, "{case}");
    }
}

#[test]
fn the_model_comes_from_the_first_label_that_names_it() {
    let model = |node: NodeBuilder| node.facts().model.map(|model| model.to_string());
    let cases = [
        (node("a").model("NVIDIA-H100-80GB-HBM3"), "NVIDIA-H100-80GB-HBM3"),
        (node("a").model("NVIDIA-A10-SHARED"), "NVIDIA-A10"),
        (node("a").model("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"), "NVIDIA-A100-SXM4-40GB"),
        (node("a").model("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb-SHARED"), "NVIDIA-A100-SXM4-40GB"),
        (node("a").label("cloud.google.com/gke-accelerator", "nvidia-tesla-t4"), "nvidia-tesla-t4"),
        (node("a").label("karpenter.k8s.aws/instance-gpu-name", "l4"), "l4"),
        (node("a").label("amd.com/gpu.product-name", "MI300X"), "MI300X"),
        (node("a").label("karpenter.k8s.aws/instance-gpu-name", "l4").model("NVIDIA-L4"), "NVIDIA-L4"),
    ];
    for (node, expected) in cases {
        assert_eq!(model(node).as_deref(), Some(expected));
    }
    assert_eq!(model(node("a")), None);
}

#[test]
fn gpu_memory_and_address_are_read() {
    let facts = node("a").gpu_memory_mib(81_559).internal_ip("10.0.0.7").facts();
    assert_eq!((facts.gpu_memory, facts.internal_ip.as_deref()), (Some(Mib(81_559)), Some("10.0.0.7")));
    let facts = node("a").label("karpenter.k8s.aws/instance-gpu-memory", 24_576).facts();
    assert_eq!((facts.gpu_memory, facts.internal_ip), (Some(Mib(24_576)), None));
}

#[test]
fn absurd_values_name_the_node_and_the_field() {
    let faults = [
        (node("a").offers("nvidia.com/gpu", "-1"), "nvidia.com/gpu", "-1"),
        (node("a").offers("nvidia.com/gpu", "1.5"), "allocatable.nvidia.com/gpu", "1.5"),
        (node("a").gpus(8).capacity("nvidia.com/gpu", "8Ei"), "capacity.nvidia.com/gpu", "0 to 1000000"),
        (node("a").cpu("many"), "allocatable.cpu", "many"),
        (node("a").memory("-1Gi"), "allocatable.memory", "-1Gi"),
        (node("a").gpus(1).label("nvidia.com/gpu.replicas", "two"), "label nvidia.com/gpu.replicas", "two"),
        (node("a").label("nvidia.com/gpu.memory", "80GB"), "label nvidia.com/gpu.memory", "80GB"),
    ];
    for (node, field, found) in faults {
        let error = node.read().unwrap_err().to_string();
        assert!(error.starts_with("node a: ") && error.contains(field) && error.contains(found), "{error}");
    }
}

#[test]
fn capped_quantities_are_no_error_where_they_are_only_large() {
    let facts: NodeFacts = node("a").cpu("8Ei").memory("9223372036854775807").facts();
    assert_eq!(facts.cpu, MilliCpu(i64::MAX as u64));
    assert_eq!(facts.memory, Mib((i64::MAX as u64) >> 20));
}

#[test]
fn numbers_may_be_bare_and_fields_null() {
    let mut object = node("a").json();
    object["status"]["allocatable"] = json!({"cpu": 4, "memory": 1.5e9, "nvidia.com/gpu": 2});
    object["spec"] = json!(null);
    object["metadata"]["annotations"] = json!(null);
    let object = serde_json::from_value(object).unwrap();
    let facts = gpulse::cluster::kubernetes::Reader::default().node(&object).unwrap();
    assert_eq!((facts.cpu, facts.memory, facts.pools[0].allocatable), (MilliCpu(4000), Mib(1430), 2));
}
