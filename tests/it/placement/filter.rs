//! Which nodes a pod fits, and the reason where it does not.

use std::collections::BTreeSet;

use gpulse::placement::{self, Candidate, Reason, Verdict};

use super::{profile, verdicts};
use crate::support::{NodeBuilder, PodBuilder, cluster, gpu, node, pod};

fn check(
    node: NodeBuilder,
    others: impl IntoIterator<Item = PodBuilder>,
    pod: &PodBuilder,
    expected: Verdict,
) {
    let cluster = cluster().node(node).pods(others);
    assert_eq!(verdicts(&cluster, pod), [expected]);
}

fn fits(node: NodeBuilder, pod: PodBuilder) {
    check(node, [], &pod, Verdict::Fits);
}

fn rejected(node: NodeBuilder, pod: PodBuilder, reason: Reason) {
    check(node, [], &pod, Verdict::Rejected(reason));
}

#[test]
fn gpus_must_be_there_and_free() {
    fits(node("a").gpus(8), pod("p").gpus(8));
    rejected(node("a").gpus(8), pod("p").gpus(9), Reason::InsufficientGpus);
    rejected(node("a"), pod("p").gpus(1), Reason::NoSuchGpu);
    rejected(node("a").gpus(8), pod("p").asks("amd.com/gpu", 1), Reason::NoSuchGpu);
    let full = || [pod("other").gpus(7).on("a")];
    check(node("a").gpus(8), full(), &pod("p").gpus(1), Verdict::Fits);
    check(node("a").gpus(8), full(), &pod("p").gpus(2), Verdict::Rejected(Reason::InsufficientGpus));
}

#[test]
fn a_finished_pod_frees_its_gpus_and_a_deletion_under_way_does_not() {
    let check = |other: PodBuilder, expected| check(node("a").gpus(8), [other], &pod("p").gpus(8), expected);
    check(pod("other").gpus(8).on("a").phase("Succeeded"), Verdict::Fits);
    check(pod("other").gpus(8).on("a").phase("Failed"), Verdict::Fits);
    let taken = Verdict::Rejected(Reason::InsufficientGpus);
    check(pod("other").gpus(8).on("a").phase("Running").deleting(), taken);
}

#[test]
fn nominated_pods_count_against_pods_of_their_priority_or_less() {
    let check = |pod: PodBuilder, expected| {
        let nominated = crate::support::pod("urgent").gpus(8).priority(100).nominated("a");
        check(node("a").gpus(8), [nominated], &pod, expected);
    };
    check(pod("p").gpus(1), Verdict::Rejected(Reason::InsufficientGpus));
    check(pod("p").gpus(1).priority(100), Verdict::Rejected(Reason::InsufficientGpus));
    check(pod("p").gpus(1).priority(101), Verdict::Fits);
    check(pod("urgent").gpus(8).priority(100), Verdict::Fits);
}

#[test]
fn sick_gpus_are_not_counted_as_free() {
    let sick = || node("a").gpus(2).measured([gpu(0).busy(0), gpu(1).busy(0).sick(79)]);
    fits(sick(), pod("p").gpus(1));
    rejected(sick(), pod("p").gpus(2), Reason::UnhealthyGpus);
    rejected(sick(), pod("p").gpus(3), Reason::InsufficientGpus);
}

#[test]
fn models_are_matched_by_their_words() {
    let h100 = || node("a").gpus(8).model("NVIDIA-H100-80GB-HBM3");
    fits(h100(), pod("p").gpus(1).models("H100"));
    fits(h100(), pod("p").gpus(1).models("A100, h100-80gb"));
    rejected(h100(), pod("p").gpus(1).models("H10"), Reason::WrongModel);
    rejected(h100(), pod("p").gpus(1).models("A100"), Reason::WrongModel);
    rejected(node("a").gpus(8), pod("p").gpus(1).models("A100"), Reason::UnknownModel);
    fits(
        node("a").gpus(1).measured([gpu(0).model("NVIDIA A100-SXM4-40GB")]),
        pod("p").gpus(1).models("A100"),
    );
    fits(h100(), pod("p").cpu("1").models("A100"));
}

#[test]
fn gpu_memory_must_suffice_on_each_device() {
    let a100 = || node("a").gpus(8).gpu_memory_mib(40960);
    fits(a100(), pod("p").gpus(1).gpu_memory("40Gi"));
    rejected(a100(), pod("p").gpus(1).gpu_memory("41Gi"), Reason::GpuMemoryTooSmall);
    rejected(node("a").gpus(8), pod("p").gpus(1).gpu_memory("1Gi"), Reason::UnknownGpuMemory);
}

#[test]
fn cpu_and_memory_must_be_left() {
    let small = || node("a").gpus(8).cpu("4").memory("8Gi");
    fits(small(), pod("p").gpus(1).cpu("4").memory("8Gi"));
    rejected(small(), pod("p").gpus(1).cpu("4001m"), Reason::InsufficientCpu);
    rejected(small(), pod("p").gpus(1).memory("8193Mi"), Reason::InsufficientMemory);
    let busy = || [pod("other").cpu("4").memory("8Gi").on("a")];
    check(small(), busy(), &pod("p").gpus(1), Verdict::Fits);
    check(small(), busy(), &pod("p").gpus(1).cpu("1m"), Verdict::Rejected(Reason::InsufficientCpu));
}

#[test]
fn mig_profiles_are_pools_of_their_own() {
    let mig = || node("a").mig("1g.10gb", 2).mig("3g.40gb", 1);
    fits(mig(), pod("p").asks("nvidia.com/mig-1g.10gb", 2));
    rejected(mig(), pod("p").asks("nvidia.com/mig-3g.40gb", 2), Reason::InsufficientGpus);
    rejected(mig(), pod("p").asks("nvidia.com/mig-7g.80gb", 1), Reason::NoSuchGpu);
    rejected(mig(), pod("p").gpus(1), Reason::NoSuchGpu);
}

#[test]
fn a_node_nobody_has_heard_of_fits() {
    let snapshot = cluster().snapshot();
    let stranger = [Candidate::named(&snapshot, "imagined-by-autoscaler")];
    let request = pod("p").gpus(8).models("H100").request();
    assert_eq!(placement::filter(&snapshot, &request, &profile("binpack", 50), &stranger), [Verdict::Fits]);
    let [rank] = placement::prioritize(&snapshot, &request, &profile("binpack", 50), &stranger)[..] else {
        panic!()
    };
    assert_eq!(rank.points, 0, "nothing can be said for it");
}

#[test]
fn every_reason_has_texts_of_its_own_without_numbers() {
    let texts: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.text()).collect();
    let names: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!((texts.len(), names.len()), (Reason::ALL.len(), Reason::ALL.len()));
    for reason in Reason::ALL {
        assert!(
            reason.text().starts_with("gpulse: ") && !reason.text().contains(|c: char| c.is_ascii_digit())
        );
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name(), "one name everywhere");
    }
}
