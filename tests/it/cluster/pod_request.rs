//! The effective request of a pod: each rule of Kubernetes' formula (k8s.io/component-helpers/resource/helpers.go and
//! KEP-753 for sidecars), and the pod's wishes.

use gpulse::cluster::kubernetes::Reader;
use gpulse::cluster::{GpuResources, Hold, Mib, MilliCpu, ModelPattern};

use crate::support::{ContainerBuilder, PodBuilder, container, node, pod};

const GPU: &str = "nvidia.com/gpu";

fn cpu(amount: &str) -> ContainerBuilder {
    container().asks("cpu", amount)
}

fn gpus(count: u32) -> ContainerBuilder {
    container().asks(GPU, count)
}

/// CPU in thousandths.
fn cpu_of(pod: &PodBuilder) -> u64 {
    pod.request().cpu.0
}

fn gpus_of(pod: &PodBuilder) -> u32 {
    pod.request().gpu_count()
}

#[test]
fn cpu_follows_the_formula() {
    let rules: [(&str, PodBuilder, u64); 12] = [
        ("nothing asked, nothing needed", pod("p"), 0),
        ("app containers run together: sum", pod("p").containers([cpu("1"), cpu("500m")]), 1500),
        ("init containers run alone: maximum", pod("p").cpu("1").init_containers([cpu("3"), cpu("2")]), 3000),
        ("the apps outweigh smaller init containers", pod("p").cpu("4").init_containers([cpu("3")]), 4000),
        ("sidecars run beside the apps", pod("p").cpu("4").init_containers([cpu("1").sidecar()]), 5000),
        (
            "a sidecar counts for the init containers after it",
            pod("p").cpu("1").init_containers([cpu("2").sidecar(), cpu("5")]),
            7000,
        ),
        (
            "and not for those before it",
            pod("p").cpu("1").init_containers([cpu("5"), cpu("2").sidecar()]),
            5000,
        ),
        (
            "sidecars pile up in order",
            pod("p").init_containers([cpu("1").sidecar(), cpu("5"), cpu("2").sidecar(), cpu("4")]),
            7000,
        ),
        (
            "overhead comes on top",
            pod("p").cpu("1").init_containers([cpu("3")]).overhead("cpu", "250m"),
            3250,
        ),
        ("a limit alone is a request", pod("p").containers([container().limit("cpu", "2")]), 2000),
        ("a request wins over its limit", pod("p").containers([cpu("1").limit("cpu", "2")]), 1000),
        ("finer than a thousandth is rounded up", pod("p").cpu("100u"), 1),
    ];
    for (rule, pod, expected) in rules {
        assert_eq!(cpu_of(&pod), expected, "{rule}");
    }
}

#[test]
fn gpus_follow_the_same_formula() {
    let rules: [(&str, PodBuilder, u32); 6] = [
        ("sum of the app containers", pod("p").containers([gpus(1), gpus(2), container()]), 3),
        ("an init container's GPUs are not added", pod("p").gpus(1).init_containers([gpus(1)]), 1),
        ("a greedy init container decides", pod("p").gpus(1).init_containers([gpus(4)]), 4),
        ("a sidecar's GPUs are added", pod("p").gpus(1).init_containers([gpus(1).sidecar()]), 2),
        ("a limit alone is a request", pod("p").containers([container().limit(GPU, 2)]), 2),
        ("overhead counts for any resource", pod("p").gpus(1).overhead(GPU, 1), 2),
    ];
    for (rule, pod, expected) in rules {
        assert_eq!(gpus_of(&pod), expected, "{rule}");
    }
}

#[test]
fn the_pod_level_overrides_cpu_and_memory_and_never_gpus() {
    let base = || pod("p").cpu("1").memory("1Gi").gpus(2).overhead("cpu", "100m");
    let request = base().pod_level_request("cpu", "8").pod_level_request(GPU, 7).request();
    assert_eq!(
        (request.cpu, request.memory, request.gpu_count()),
        (MilliCpu(8100), Mib(1024), 2),
        "overhead still comes on top, memory stays the containers', GPUs are the containers' alone"
    );
    assert_eq!(cpu_of(&base().pod_level_limit("cpu", "8")), 1100, "a limit replaces no request");
    assert_eq!(cpu_of(&pod("p").pod_level_limit("cpu", "8")), 8000, "but stands in where there is none");
    let both = pod("p").pod_level_limit("cpu", "8").pod_level_request("cpu", "2");
    assert_eq!(cpu_of(&both), 2000, "a request wins over its limit");
}

#[test]
fn memory_is_rounded_up_after_summing() {
    let bytes = |amount: &str| container().asks("memory", amount);
    assert_eq!(pod("p").containers([bytes("512Ki"), bytes("512Ki")]).request().memory, Mib(1));
    assert_eq!(pod("p").containers([bytes("1Mi"), bytes("1")]).request().memory, Mib(2));
}

#[test]
fn each_gpu_resource_is_asked_for_by_name() {
    let request = pod("p")
        .containers([gpus(1).asks("amd.com/gpu", 2), container().asks("nvidia.com/mig-1g.10gb", 3)])
        .asks("example.com/fpga", 1)
        .asks("nvidia.com/gpu.shared", 0)
        .request();
    let demands: Vec<_> = request.gpus.iter().map(|demand| (&*demand.resource, demand.count)).collect();
    assert_eq!(demands, [("amd.com/gpu", 2), (GPU, 1), ("nvidia.com/mig-1g.10gb", 3)]);
    assert_eq!(request.gpu_count(), 6);
}

#[test]
fn the_operator_may_name_other_devices() {
    let reader = Reader {
        gpu_resources: GpuResources::with_others(["example.com/fpga"]),
        kept_labels: ["zone".to_owned()].into(),
    };
    let request = reader.pod(&pod("p").asks("example.com/fpga", 2).object()).unwrap();
    assert_eq!(request.gpu_count(), 2);
    let facts = reader.node(&node("a").offers("example.com/fpga", 4).label("zone", "z1").object()).unwrap();
    assert_eq!(facts.pools[0].allocatable, 4);
    assert_eq!(facts.labels.iter().next().map(|(key, value)| (&**key, &**value)), Some(("zone", "z1")));
}

#[test]
fn amounts_that_make_no_sense_name_the_pod_and_the_field() {
    let faults = [
        (pod("p").asks(GPU, "500m"), "nvidia.com/gpu", "0.5"),
        (pod("p").asks(GPU, "9223372036854775807"), "nvidia.com/gpu", "whole number"),
        (pod("p").cpu("-1"), "requests.cpu", "\"-1\""),
        (pod("p").memory("lots"), "requests.memory", "\"lots\""),
        (pod("p").overhead("cpu", "1e"), "overhead.cpu", "\"1e\""),
        (pod("p").models("H100,,A100"), "gpulse.dev/gpu-models", "H100,,A100"),
        (pod("p").gpu_memory("40 GB"), "gpulse.dev/gpu-memory", "40 GB"),
    ];
    for (pod, field, found) in faults {
        let error = pod.namespace("team").read().unwrap_err().to_string();
        assert!(error.starts_with("pod team/p: "), "{error}");
        assert!(error.contains(field) && error.contains(found) && error.contains("expected"), "{error}");
    }
}

#[test]
fn a_request_says_who_asks() {
    let request = pod("p").uid("u1").owner("job-1").priority(100).profile("pack").request();
    assert_eq!(request.key.to_string(), "default/p");
    assert_eq!((&*request.uid, request.owner.as_deref()), ("u1", Some("job-1")));
    assert_eq!((request.priority, request.profile.as_deref()), (100, Some("pack")));
    let manifest = pod("p").namespace("").request();
    assert_eq!(&*manifest.key.namespace, "default", "as kubectl has it");
}

#[test]
fn models_come_from_the_annotation_else_from_the_product_label() {
    const PRODUCT: &str = "nvidia.com/gpu.product";
    let models = |pod: PodBuilder| -> Vec<String> {
        pod.request().models.iter().map(ModelPattern::to_string).collect()
    };
    assert_eq!(models(pod("p").models("H100, A100-SXM4-80GB")), ["H100", "A100-SXM4-80GB"]);
    assert_eq!(models(pod("p").models("H100").node_selector(PRODUCT, "L4")), ["H100"]);
    assert_eq!(models(pod("p").node_selector(PRODUCT, "NVIDIA-L4")), ["NVIDIA-L4"]);
    let either = pod("p").node_affinity(&[(PRODUCT, &["A", "B"]), (PRODUCT, &["C"])]);
    assert_eq!(models(either), ["A", "B", "C"]);
    let any = pod("p").node_affinity(&[(PRODUCT, &["A"]), ("zone", &["z1"])]);
    assert!(models(any).is_empty(), "terms are alternatives: the second one takes any model");
    assert!(models(pod("p").node_selector("zone", "z1")).is_empty());
}

#[test]
fn gpu_memory_is_a_quantity_of_bytes_rounded_up() {
    assert_eq!(pod("p").gpu_memory("40Gi").request().min_gpu_memory, Some(Mib(40 * 1024)));
    assert_eq!(pod("p").gpu_memory("1").request().min_gpu_memory, Some(Mib(1)));
    assert_eq!(pod("p").request().min_gpu_memory, None);
}

#[test]
fn a_pod_holds_what_it_is_bound_or_nominated_to() {
    assert_eq!(pod("p").gpus(1).bound(), None);
    assert_eq!(pod("p").on("a").phase("Succeeded").bound(), None);
    assert_eq!(pod("p").on("a").phase("Failed").bound(), None);
    let hold = |pod: PodBuilder| pod.bound().map(|held| (held.node.to_string(), held.hold));
    assert_eq!(hold(pod("p").on("a").phase("Unknown")), Some(("a".into(), Hold::Bound)));
    assert_eq!(hold(pod("p").on("a").deleting()), Some(("a".into(), Hold::Bound)));
    assert_eq!(hold(pod("p").nominated("b")), Some(("b".into(), Hold::Nominated)));
    assert_eq!(hold(pod("p").on("a").nominated("b")), Some(("a".into(), Hold::Bound)));
    let held = pod("p").gpus(2).on("a").models(",").bound().unwrap();
    assert_eq!(held.request.gpu_count(), 2, "what it holds does not depend on its wishes");
}
