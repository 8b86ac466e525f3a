//! What the agent writes, read by the telemetry that reads dcgm-exporter's: one answer for each device.

use fake_nvml::{Gpm, Gpu, Process, Scenario, Xid};
use gpulse::agent::{Attribution, Figure, Holder};
use gpulse::cluster::{Health, Mib, Samples, Source};
use gpulse::telemetry::{Asked, Directory, Plan, TelemetryConfig, devices};
use serde_json::json;

use super::driver::{NODE, Page, Running, gpu, node as gpu_node};
use super::page::{process, read, view, written};
use super::shapes::mig;
use crate::support::{NOW, cluster, node};

const DIALECTS: [&str; 2] = ["dcgm-4.8", "dcgm-4.9"];

/// What telemetry makes of the page with its default configuration, as Prometheus would give it.
fn read_back(page: &Page) -> Samples {
    let seconds = NOW.0 as f64 / 1000.0;
    let rows: Vec<_> = page
        .samples()
        .flat_map(|sample| {
            let labels =
                || json!(sample.labels.iter().cloned().collect::<std::collections::BTreeMap<_, _>>());
            let (mut value, mut time) = (labels(), labels());
            value["__name__"] = sample.name.as_str().into();
            time["gpulse_sampled"] = sample.name.as_str().into();
            [
                json!({"metric": value, "value": [seconds, sample.value.to_string()]}),
                json!({"metric": time, "value": [seconds, seconds.to_string()]}),
            ]
        })
        .collect();
    let answer = json!({"status": "success", "data": {"resultType": "vector", "result": rows}}).to_string();
    let board = cluster().node(node(NODE).gpus(8)).node(node("n").gpus(8)).board();
    let asked = Asked { sent_at: NOW, answered_at: NOW };
    let plan = Plan::new(&TelemetryConfig::default());
    let (samples, report) = devices(answer.as_bytes(), &plan, &Directory::new(&board), asked).unwrap();
    assert_eq!(report.dropped, Default::default(), "nothing of it is in doubt");
    samples
}

/// Of each device: its name, how busy, by which metric.
fn seen(samples: &Samples, node: &str) -> Vec<(String, Option<u16>, Option<Source>)> {
    let name = |gpu: &gpulse::cluster::Gpu| match &gpu.mig {
        Some(mig) => format!("{}/{}", gpu.uuid, mig.id),
        None => gpu.uuid.to_string(),
    };
    let gpus = samples.get(node).map(AsRef::as_ref).unwrap_or_default();
    gpus.iter()
        .map(|gpu| {
            let value = gpu.utilization.map(|found| found.value.get());
            (name(gpu), value, gpu.utilization.map(|found| found.source))
        })
        .collect()
}

async fn page_of(scenario: Scenario, dialect: &str) -> Page {
    Running::start_with(scenario, &["--dialect", dialect]).complete_page().await
}

#[tokio::test]
async fn whole_gpus_are_read_in_both_dialects() {
    let gpm = Gpm { sm: Some(12.3.into()), ..Gpm::default() };
    let busy = Gpu { utilization: Some(95.0.into()), memory_used_mib: 70_000.0.into(), ..gpu("GPU-a") };
    let hopper = Gpu { gpm: Some(gpm), ..gpu("GPU-h") };
    for dialect in DIALECTS {
        let samples = read_back(&page_of(gpu_node([busy.clone(), hopper.clone()]), dialect).await);
        assert_eq!(
            seen(&samples, NODE),
            [
                ("GPU-a".into(), Some(950), Some(Source::GpuUtil)),
                ("GPU-h".into(), Some(123), Some(Source::SmActive)),
            ],
            "{dialect}"
        );
        let first = &samples[NODE][0];
        assert_eq!(
            (first.memory_used, first.memory_total),
            (Some(Mib(70_000)), Some(Mib(81_920))),
            "{dialect}"
        );
        assert_eq!((first.index, first.health), (Some(0), Health::Healthy));
        assert_eq!(first.model.as_deref(), Some("NVIDIA A100-SXM4-80GB"));
    }
}

#[tokio::test]
async fn an_idle_node_is_idle_and_not_unmeasured() {
    for dialect in DIALECTS {
        let samples = read_back(&page_of(gpu_node([gpu("GPU-a")]), dialect).await);
        assert_eq!(seen(&samples, NODE), [("GPU-a".into(), Some(0), Some(Source::GpuUtil))], "{dialect}");
    }
}

#[tokio::test]
async fn instances_are_devices_and_their_gpu_is_none() {
    for dialect in DIALECTS {
        let samples = read_back(&page_of(gpu_node([mig("GPU-m", 2), gpu("GPU-a")]), dialect).await);
        assert_eq!(
            seen(&samples, NODE),
            [
                ("GPU-m/1".into(), Some(100), Some(Source::SmActive)),
                ("GPU-m/2".into(), Some(200), Some(Source::SmActive)),
                ("GPU-a".into(), Some(0), Some(Source::GpuUtil)),
            ],
            "{dialect}"
        );
    }
}

#[tokio::test]
async fn what_is_fatal_to_a_gpu_is_fatal_to_its_instances() {
    let mut agent = Running::start(gpu_node([mig("GPU-m", 1), gpu("GPU-a")]));
    agent.complete_page().await;
    agent.change(|node| node.xids = vec![Xid { gpu: 0, code: 79 }, Xid { gpu: 1, code: 31 }]);
    let page = agent.page_when(|page| page.all("gpulse_gpu_xid_errors_total", &[]).len() == 2).await;
    let samples = read_back(&page);
    let health: Vec<Health> = samples[NODE].iter().map(|gpu| gpu.health).collect();
    assert_eq!(health, [Health::FatalXid(79), Health::Healthy]);
}

#[tokio::test]
async fn processes_make_no_device_of_their_own() {
    let process = |pid| Process { pid, memory_mib: 100, utilization: Some(10), instance: None };
    let used =
        Gpu { processes: vec![process(1), process(2)], utilization: Some(20.0.into()), ..gpu("GPU-a") };
    let samples = read_back(&page_of(gpu_node([used]), "dcgm-4.8").await);
    assert_eq!(seen(&samples, NODE), [("GPU-a".into(), Some(200), Some(Source::GpuUtil))]);
}

/// Time-slicing: the pods' shares stand beside the device's own series, and the device's counts.
#[test]
fn a_gpu_that_pods_share_is_one_device() {
    let mut gpu = read(0, &[(Figure::GpuUtilPercent, 90), (Figure::MemoryUsedBytes, 1000 << 20)]);
    gpu.processes = vec![process(10, 300, 25), process(11, 600, 60)];
    let holder = |pod: &str| Holder { namespace: "ml".into(), pod: pod.into(), container: "main".into() };
    let shared = Attribution::default()
        .device("GPU-0", holder("a"))
        .device("GPU-0", holder("b"))
        .process(10, holder("a"))
        .process(11, holder("b"));
    let mut view = view(vec![gpu]);
    view.attribution = Some(std::sync::Arc::new(shared));
    let samples = read_back(&written(&view));
    assert_eq!(seen(&samples, "n"), [("GPU-0".into(), Some(900), Some(Source::GpuUtil))]);
    assert_eq!(samples["n"][0].memory_used, Some(Mib(1000)));
}
