//! Whose the GPUs are, found out from a pretended kubelet and pretended processes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fake_nvml::{Gpu, Process, Scenario};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::driver::{Page, Running, gpu, node};
use super::kubelet::{Knowledge, Kubelet, listen};
use super::shapes::mig;

const HELD: &str = "gpulse_gpu_replicas_held";

/// An agent that asks this kubelet often.
pub(super) fn start(scenario: Scenario, kubelet: &Kubelet) -> Running {
    start_with(scenario, kubelet, &["--pod-resources-interval", "50ms"])
}

fn start_with(scenario: Scenario, kubelet: &Kubelet, arguments: &[&str]) -> Running {
    let socket = kubelet.socket();
    let socket = ["--pod-resources-socket", socket.to_str().unwrap()];
    Running::start_with(scenario, &[&socket, arguments].concat())
}

/// How often each pod holds each device.
fn held(page: &Page) -> BTreeMap<(String, String), u64> {
    let entry = |sample: super::driver::Sample| {
        let label = |name: &str| sample.label(name).unwrap_or_default().to_owned();
        let device = match label("GPU_I_ID").as_str() {
            "" => label("UUID"),
            id => format!("{}/{id}", label("UUID")),
        };
        assert_eq!((label("namespace").as_str(), label("container").as_str()), ("ml", "main"));
        ((label("pod"), device), sample.value as u64)
    };
    page.all(HELD, &[]).into_iter().map(entry).collect()
}

fn holds(all: &[(&str, &str, u64)]) -> BTreeMap<(String, String), u64> {
    all.iter().map(|(pod, device, count)| (((*pod).to_owned(), (*device).to_owned()), *count)).collect()
}

fn train_holds_a(known: &mut Knowledge) {
    known.give("train", &["GPU-a"]);
}

/// The problems that were logged, in order.
fn warnings(agent: &Running) -> Vec<String> {
    let problem = |event: &serde_json::Value| event["problem"].as_str().map(str::to_owned);
    agent.events().iter().filter_map(problem).collect()
}

#[tokio::test]
async fn whole_and_shared_gpus_have_the_pods_that_kubelet_names() {
    let kubelet = Kubelet::start(|known| {
        known.give("train", &["GPU-a", "GPU-b"]);
        known.give("notebook", &["GPU-c::0"]);
        known.give("serve", &["GPU-c::1", "GPU-c::3"]);
        known.give_of("nvidia.com/sriov_rdma_vf", "serve", &["0000:3b:00.2"]);
        known.give("web", &[]);
        known.allocatable =
            ["GPU-a", "GPU-b", "GPU-c::0", "GPU-c::1", "GPU-c::2", "GPU-c::3"].map(str::to_owned).into();
    });
    let agent = start(node(["GPU-a", "GPU-b", "GPU-c", "GPU-d"].map(gpu)), &kubelet);
    let page = agent.page_when(|page| !held(page).is_empty()).await;
    assert_eq!(
        held(&page),
        holds(&[
            ("train", "GPU-a", 1),
            ("train", "GPU-b", 1),
            ("notebook", "GPU-c", 1),
            ("serve", "GPU-c", 2)
        ])
    );
    let replicas = ["a", "b", "c", "d"]
        .map(|name| page.value("gpulse_gpu_replicas", &[("UUID", &format!("GPU-{name}"))]).unwrap());
    assert_eq!(replicas, [1.0, 1.0, 4.0, 0.0]);
    let pods: Vec<_> = page
        .all("DCGM_FI_DEV_GPU_UTIL", &[])
        .iter()
        .map(|sample| sample.label("pod").map(str::to_owned))
        .collect();
    assert_eq!(pods, [Some("train".into()), Some("train".into()), None, None], "a shared device is no pod's");
    assert_eq!(page.problem(), None);
    assert_eq!(agent.ready().await, (200, "ok".into()));
}

/// GKE's plugin names device files, whose numbers need not be in the order of PCI addresses.
#[tokio::test]
async fn a_device_file_is_of_the_gpu_with_its_number() {
    let kubelet = Kubelet::start(|known| {
        known.give("train", &["nvidia1"]);
        known.give("small", &["nvidia0/gi2"]);
    });
    let whole = Gpu { minor: Some(1), ..gpu("GPU-a") };
    let cut = Gpu { minor: Some(0), ..mig("GPU-m", 2) };
    let agent = start(node([whole, cut]), &kubelet);
    let page = agent.page_when(|page| !held(page).is_empty()).await;
    assert_eq!(held(&page), holds(&[("train", "GPU-a", 1), ("small", "GPU-m/2", 1)]));
}

#[tokio::test]
async fn a_claims_gpu_is_the_pods_that_have_the_claim() {
    let kubelet = Kubelet::start(|known| {
        known.claim("gpu.nvidia.com", "train", &["gpu-3"]);
        known.claim("gpu.nvidia.com", "left", &["gpu-5"]);
        known.claim("gpu.nvidia.com", "right", &["gpu-5"]);
        known.claim("compute-domain.nvidia.com", "right", &["channel-0"]);
    });
    let gpus = [("GPU-a", 3), ("GPU-b", 5)].map(|(name, minor)| Gpu { minor: Some(minor), ..gpu(name) });
    let agent = start(node(gpus), &kubelet);
    let page = agent.page_when(|page| !held(page).is_empty()).await;
    assert_eq!(held(&page), holds(&[("train", "GPU-a", 1), ("left", "GPU-b", 1), ("right", "GPU-b", 1)]));
    assert_eq!(page.problem(), None);

    kubelet.change(|known| known.claim("gpu.nvidia.com", "small", &["gpu-0-mig-1g10gb-19-4"]));
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("unknown_device"));
    assert_eq!(held(&page).len(), 3, "the others hold");
}

#[tokio::test]
async fn sixteen_gpus_of_seven_shared_instances_each() {
    const SHARES: u32 = 4;
    let gpus: Vec<Gpu> = (0..16).map(|index| mig(&format!("GPU-{index:02}"), 7)).collect();
    let mut expected = BTreeMap::new();
    let kubelet = Kubelet::start(|known| {
        for (gpu, id) in (0..16).flat_map(|gpu| (1..=7).map(move |id| (gpu, id))) {
            for share in 0..SHARES {
                let pod = format!("pod-{gpu}-{id}-{share}");
                known.give_of("nvidia.com/mig-1g.10gb", &pod, &[&format!("{}::{share}", mig_uuid(gpu, id))]);
                expected.insert((pod, format!("GPU-{gpu:02}/{id}")), 1);
            }
        }
    });
    let agent = start(node(gpus), &kubelet);
    let page = agent.page_when(|page| !held(page).is_empty()).await;
    assert_eq!(expected.len(), 448);
    assert_eq!(held(&page), expected);
}

/// What the pretended NVML calls the device of an instance.
fn mig_uuid(gpu: u32, id: u32) -> String {
    format!("MIG-{gpu:02}-{id:04}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubelet_that_is_not_there_is_no_end() {
    let mut kubelet = Kubelet::absent();
    kubelet.change(train_holds_a);
    let agent = start(node([gpu("GPU-a")]), &kubelet);
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("no_kubelet"));
    let page = agent.complete_page().await;
    assert_eq!(
        page.value("DCGM_FI_DEV_GPU_UTIL", &[("UUID", "GPU-a")]),
        Some(0.0),
        "the GPUs are read all the same"
    );
    assert_eq!(page.value("gpulse_agent_kubelet_answer_timestamp_seconds", &[]), None);
    let (status, text) = agent.ready().await;
    assert_eq!(status, 200);
    assert!(text.contains("[-]holders failed") && text.contains("--pod-resources-socket"), "{text}");
    assert_eq!(warnings(&agent), ["no_kubelet"], "one line, however often it is asked");
    kubelet.serve();
    let page = agent.page_when(|page| page.problem().is_none()).await;
    assert_eq!(held(&page), holds(&[("train", "GPU-a", 1)]));
    assert_eq!(agent.event("whose the GPUs are is found out again")["was"], "no_kubelet");
}

#[tokio::test]
async fn what_kubelet_said_holds_while_it_restarts() {
    let mut kubelet = Kubelet::start(train_holds_a);
    let agent = start(node([gpu("GPU-a"), gpu("GPU-b")]), &kubelet);
    let before = agent.page_when(|page| !held(page).is_empty()).await;
    kubelet.stop().await;
    let during = agent.page_when(|page| page.problem().as_deref() == Some("no_kubelet")).await;
    assert_eq!(held(&during), held(&before));
    kubelet.change(|known| known.give("next", &["GPU-b"]));
    kubelet.serve();
    let after = agent.page_when(|page| page.problem().is_none()).await;
    assert_eq!(held(&after), holds(&[("train", "GPU-a", 1), ("next", "GPU-b", 1)]));
}

#[tokio::test]
async fn a_kubelet_that_has_not_read_its_pods_yet_is_not_believed() {
    let kubelet = Kubelet::start(train_holds_a);
    let agent = start(node([gpu("GPU-a")]), &kubelet);
    agent.page_when(|page| !held(page).is_empty()).await;
    kubelet.change(|known| known.pods.clear());
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("kubelet_starting"));
    assert_eq!(held(&page), holds(&[("train", "GPU-a", 1)]));
    kubelet.change(|known| known.give("web", &[]));
    let page = agent.page_when(|page| page.problem().is_none()).await;
    assert_eq!(held(&page), holds(&[]), "it knows of pods, and none has a GPU");
}

#[tokio::test]
async fn a_kubelet_that_hangs_holds_no_scrape() {
    let kubelet = Kubelet::start(|known| {
        train_holds_a(known);
        known.hangs = true;
    });
    let arguments = ["--pod-resources-interval", "50ms", "--pod-resources-timeout", "1s"];
    let agent = start_with(node([gpu("GPU-a")]), &kubelet, &arguments);
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("kubelet_hanging"));
    kubelet.change(|known| known.hangs = false);
    let page = agent.page_when(|page| page.problem().is_none()).await;
    assert_eq!(held(&page), holds(&[("train", "GPU-a", 1)]));
}

#[tokio::test]
async fn what_is_no_kubelet_is_said() {
    let kubelet = Kubelet::absent();
    let listener = listen(&kubelet.socket());
    let babble = async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The other side may have left.
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
        }
    };
    tokio::spawn(babble);
    let agent = start(node([gpu("GPU-a")]), &kubelet);
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("kubelet_failed"));
}

#[tokio::test]
async fn a_name_that_is_not_understood_is_said_and_the_others_hold() {
    let kubelet = Kubelet::start(|known| {
        train_holds_a(known);
        known.give("odd", &["gpu#7"]);
    });
    let agent = start(node([gpu("GPU-a")]), &kubelet);
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(
        (page.problem().as_deref(), held(&page)),
        (Some("unknown_device"), holds(&[("train", "GPU-a", 1)]))
    );
    let (_, text) = agent.ready().await;
    assert!(text.contains("nvidia.com/gpu has the id \"gpu#7\""), "{text}");
}

/// A container's id.
fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

const UID: &str = "0f6a1c52-7a3e-4b1d-9c55-0123456789ab";

/// Pretended `/proc` and `/var/log/containers`.
pub(super) struct Host(TempDir);

impl Host {
    pub(super) fn new() -> Self {
        let host = Self(TempDir::new().unwrap());
        for folder in ["proc", "logs"] {
            fs::create_dir(host.0.path().join(folder)).unwrap();
        }
        host
    }

    pub(super) fn path(&self, folder: &str) -> String {
        self.0.path().join(folder).to_str().unwrap().to_owned()
    }

    pub(super) fn process(&self, pid: u32, cgroup: &str) {
        let folder = Path::new(&self.path("proc")).join(pid.to_string());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("cgroup"), format!("0::{cgroup}\n")).unwrap();
    }

    fn container(&self, pod: &str, id: &str) {
        fs::write(Path::new(&self.path("logs")).join(format!("{pod}_ml_main-{id}.log")), "").unwrap();
    }

    fn start(&self, scenario: Scenario, kubelet: &Kubelet, interval: &str) -> Running {
        let (proc, logs) = (self.path("proc"), self.path("logs"));
        let arguments =
            ["--host-proc", &proc, "--container-logs", &logs, "--pod-resources-interval", interval];
        start_with(scenario, kubelet, &arguments)
    }
}

fn process(pid: u32, memory_mib: u64) -> Process {
    Process { pid, memory_mib, utilization: Some(10), instance: None }
}

#[tokio::test]
async fn processes_are_their_pods() {
    let host = Host::new();
    let pod = format!(
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{}.slice",
        UID.replace('-', "_")
    );
    host.process(10, &format!("{pod}/cri-containerd-{}.scope", id('a')));
    host.process(11, &format!("/kubepods/besteffort/pod{UID}/{}", id('b')));
    host.process(12, "/system.slice/ssh.service");
    host.process(13, &format!("{pod}/crio-{}.scope/container", id('c')));
    host.container("a", &id('a'));
    host.container("b", &id('b'));
    let kubelet = Kubelet::start(|known| {
        known.give("a", &["GPU-a::0"]);
        known.give("b", &["GPU-a::1"]);
    });
    let processes =
        [process(10, 100), process(11, 200), process(12, 300), process(13, 400), process(14, 500)];
    let used = Gpu { processes: processes.into(), memory_used_mib: 1500.0.into(), ..gpu("GPU-a") };
    let agent = host.start(node([used]), &kubelet, "50ms");
    let page = agent.page_when(|page| page.value("gpulse_gpu_processes_unknown", &[]) == Some(2.0)).await;
    assert_eq!(page.value("gpulse_gpu_processes_outside_kubernetes", &[]), Some(1.0));
    let used = |pod: &str| page.value("DCGM_FI_DEV_FB_USED", &[("pod", pod)]);
    assert_eq!((used("a"), used("b")), (Some(100.0), Some(200.0)));
    assert_eq!(page.all("DCGM_FI_DEV_FB_USED", &[]).len(), 3, "the device's own, and one of each pod");
}

#[tokio::test]
async fn a_new_process_is_reason_to_ask_at_once() {
    let (host, kubelet) = (Host::new(), Kubelet::start(|known| known.give("web", &[])));
    let mut agent = host.start(node([gpu("GPU-a")]), &kubelet, "1h");
    agent.page_when(|page| page.value("gpulse_agent_kubelet_answer_timestamp_seconds", &[]).is_some()).await;
    kubelet.change(train_holds_a);
    host.process(10, &format!("/kubepods/pod{UID}/{}", id('a')));
    host.container("train", &id('a'));
    agent.change(|node| node.gpus[0].processes = vec![process(10, 100)]);
    let page = agent.page_when(|page| !held(page).is_empty()).await;
    assert_eq!(page.all("gpulse_process_memory_used_bytes", &[("pod", "train")]).len(), 1);
}

#[tokio::test]
async fn links_that_cannot_be_read_are_said() {
    let (host, kubelet) = (Host::new(), Kubelet::start(train_holds_a));
    host.process(10, &format!("/kubepods/pod{UID}/{}", id('a')));
    fs::remove_dir(host.path("logs")).unwrap();
    let agent = host.start(node([Gpu { processes: vec![process(10, 1)], ..gpu("GPU-a") }]), &kubelet, "50ms");
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("no_containers"));
    fs::create_dir(host.path("logs")).unwrap();
    host.container("train", &id('a'));
    let page = agent.page_when(|page| page.problem().is_none()).await;
    assert_eq!(page.value("gpulse_gpu_processes_unknown", &[]), Some(0.0));
}
