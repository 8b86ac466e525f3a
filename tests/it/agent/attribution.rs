//! Whose GPU it is, on the page.

use std::sync::Arc;

use gpulse::agent::{Attribution, Figure, Holder, InstanceReading, View};
use gpulse::cluster::MigInstance;

use super::driver::{Page, Sample};
use super::page::{process, read, view, written};

const UTIL: &str = "DCGM_FI_DEV_GPU_UTIL";
const USED: &str = "DCGM_FI_DEV_FB_USED";
const FOREIGN: &str = "gpulse_gpu_processes_outside_kubernetes";

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
        .process(12, holder("b"));
    let page = attributed(busy_gpu(), shared);
    let pods = |a, b, device| vec![(None, device), (Some("a".to_owned()), a), (Some("b".to_owned()), b)];
    assert_eq!(by_pod(&page, USED), pods(400.0, 400.0, 1000.0));
    assert_eq!(by_pod(&page, UTIL), pods(25.0, 60.0, 90.0));
    assert_eq!(by_pod(&page, "gpulse_gpu_utilization_ratio"), [(None, 0.9)], "one answer for the device");
    assert_eq!(page.value(FOREIGN, &[]), Some(1.0), "the process 13 is nobody's");
}

#[test]
fn a_gpu_in_use_by_nobody_in_kubernetes_is_told_where_that_is_known() {
    let page = attributed(busy_gpu(), Attribution::default());
    assert_eq!(page.value(FOREIGN, &[]), Some(4.0));
    assert_eq!(by_pod(&page, UTIL), [(None, 90.0)]);
    assert_eq!(written(&busy_gpu()).all(FOREIGN, &[]), [], "nobody has found out whose they are");
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
