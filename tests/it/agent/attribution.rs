//! Whose GPU it is, on the page.

use std::sync::Arc;

use gpulse::agent::{Attribution, Figure, Holder, InstanceReading, View};
use gpulse::cluster::MigInstance;

use super::driver::{Page, Sample};
use super::page::{process, read, view, written};

const UTIL: &str = "DCGM_FI_DEV_GPU_UTIL";
const USED: &str = "DCGM_FI_DEV_FB_USED";
const FOREIGN: &str = "gpulse_gpu_processes_outside_kubernetes";
const UNKNOWN: &str = "gpulse_gpu_processes_unknown";
const HELD: &str = "gpulse_gpu_replicas_held";

fn holder(pod: &str) -> Holder {
    Holder { namespace: "ml".into(), pod: pod.into(), container: "main".into() }
}

fn attributed(view: View, attribution: Attribution) -> Page {
    written(&View { attribution: Some(Arc::new(attribution)), ..view })
}

/// Of each series of a metric: the pod, and the value.
fn by_pod(page: &Page, metric: &str) -> Vec<(Option<String>, f64)> {
    let pod = |sample: &Sample| (sample.label("pod").map(str::to_owned), sample.value);
    page.all(metric, &[]).iter().map(pod).collect()
}

fn busy_gpu() -> View {
    let mut gpu = read(0, &[(Figure::GpuUtilPercent, 90), (Figure::MemoryUsedBytes, 1000 << 20)]);
    gpu.processes = vec![process(10, 300, 20), process(11, 100, 5), process(12, 400, 60), process(13, 50, 1)];
    view(vec![gpu])
}

#[test]
fn a_pod_that_holds_a_device_alone_is_on_its_series() {
    let page = attributed(busy_gpu(), Attribution::default().device("GPU-0", holder("train")));
    assert_eq!(by_pod(&page, UTIL), [(Some("train".into()), 90.0)]);
    assert_eq!(by_pod(&page, USED), [(Some("train".into()), 1000.0)]);
    let labels: Vec<String> = page.all(UTIL, &[])[0].labels.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(labels[labels.len() - 3..], ["container", "namespace", "pod"], "as dcgm-exporter sorts them");
}

#[test]
fn pods_that_share_a_device_have_their_shares_beside_the_devices_own() {
    let shared = Attribution::default()
        .device("GPU-0", holder("a"))
        .device("GPU-0", holder("b"))
        .device("GPU-0", holder("idle"))
        .process(10, holder("a"))
        .process(11, holder("a"))
        .process(12, holder("b"))
        .outsider(13);
    let page = attributed(busy_gpu(), shared);
    let pods = |a, b, device| vec![(None, device), (Some("a".to_owned()), a), (Some("b".to_owned()), b)];
    assert_eq!(by_pod(&page, USED), pods(400.0, 400.0, 1000.0));
    assert_eq!(by_pod(&page, UTIL), pods(25.0, 60.0, 90.0));
    assert_eq!(by_pod(&page, "gpulse_gpu_utilization_ratio"), [(None, 0.9)], "one answer for the device");
    assert_eq!(page.value(FOREIGN, &[]), Some(1.0), "the process 13 is nobody's");
}

#[test]
fn a_gpu_in_use_by_nobody_in_kubernetes_is_told_where_that_is_known() {
    let outside = [10, 11, 12].into_iter().fold(Attribution::default(), Attribution::outsider);
    let page = attributed(busy_gpu(), outside);
    assert_eq!(page.value(FOREIGN, &[]), Some(3.0));
    assert_eq!(page.value(UNKNOWN, &[]), Some(1.0), "the process 13 may be anybody's");
    assert_eq!(by_pod(&page, UTIL), [(None, 90.0)]);
    assert_eq!(written(&busy_gpu()).all(FOREIGN, &[]), [], "nobody has found out whose they are");
}

#[test]
fn who_holds_a_device_and_how_often_is_told_also_where_it_is_shared() {
    let shared = ["a", "a", "b"]
        .into_iter()
        .fold(Attribution::default(), |known, pod| known.device("GPU-0", holder(pod)));
    let shared = (0..4).fold(shared, |known, _| known.replica("GPU-0"));
    let second = read(1, &[]);
    let mut view = busy_gpu();
    Arc::make_mut(view.reading.as_mut().unwrap()).gpus.push(second);
    let page = attributed(view, shared);
    assert_eq!(by_pod(&page, HELD), [(Some("a".into()), 2.0), (Some("b".into()), 1.0)]);
    assert_eq!(page.value("gpulse_gpu_replicas", &[("gpu", "0")]), Some(4.0));
    assert_eq!(page.value("gpulse_gpu_replicas", &[("gpu", "1")]), Some(0.0), "kubelet does not have it");
}

#[test]
fn a_sum_by_pod_counts_nothing_twice() {
    let shared = [(10, "a"), (11, "a"), (12, "b"), (13, "c")]
        .into_iter()
        .fold(Attribution::default(), |known, (pid, pod)| {
            known.device("GPU-0", holder(pod)).process(pid, holder(pod))
        });
    let page = attributed(busy_gpu(), shared);
    let (device, pods): (Vec<_>, Vec<_>) =
        by_pod(&page, USED).into_iter().partition(|(pod, _)| pod.is_none());
    assert_eq!(device, [(None, 1000.0)]);
    let pods: f64 = pods.iter().map(|(_, used)| used).sum();
    assert_eq!(pods, 850.0, "what the processes hold, once");
}

#[test]
fn gkes_names_are_those_of_the_device_files() {
    let mut cut = read(1, &[]);
    let instance = |id: u32| InstanceReading {
        mig: MigInstance { id, profile: "1g.10gb".into() },
        uuids: vec![format!("MIG-{id}").into()],
        figures: Default::default(),
    };
    (cut.mig, cut.instances) = (true, vec![instance(3), instance(4)]);
    let known =
        Attribution::default().device("nvidia0", holder("whole")).device("nvidia1/gi4", holder("small"));
    let page = attributed(view(vec![read(0, &[]), cut]), known);
    assert_eq!(by_pod(&page, HELD), [(Some("whole".into()), 1.0), (Some("small".into()), 1.0)]);
    assert_eq!(page.all(HELD, &[("pod", "small")])[0].label("GPU_I_ID"), Some("4"));
}

#[test]
fn an_instance_is_held_by_its_own_uuid() {
    let mut gpu = read(0, &[]);
    let instance = |id: u32| InstanceReading {
        mig: MigInstance { id, profile: "1g.10gb".into() },
        uuids: vec![format!("MIG-{id}").into()],
        figures: [(Figure::MemoryUsedBytes, u64::from(id) << 20)].into_iter().collect(),
    };
    (gpu.mig, gpu.instances) = (true, vec![instance(1), instance(2)]);
    let page = attributed(view(vec![gpu]), Attribution::default().device("MIG-2", holder("small")));
    assert_eq!(by_pod(&page, USED), [(None, 1.0), (Some("small".into()), 2.0)]);
}

#[test]
fn a_process_has_its_pods_name() {
    let page = attributed(busy_gpu(), Attribution::default().process(12, holder("b")));
    let memory = page.all("gpulse_process_memory_used_bytes", &[("pod", "b")]);
    assert_eq!(memory.iter().map(|sample| sample.label("pid")).collect::<Vec<_>>(), [Some("12")]);
}
