//! Nodes of all shapes: MIG, Hopper, many processes, as many GPUs as there are.

use fake_nvml::{Gpm, Gpu, Instance, Links, PcieRates, Process};

use super::driver::{Running, gpu, node};

const MIB: f64 = 1_048_576.0;

pub(super) fn mig(uuid: &str, instances: u32) -> Gpu {
    let instance = |id| Instance {
        id,
        profile: "1g.10gb".into(),
        memory_mib: 9728,
        memory_used_mib: f64::from(100 * id).into(),
        gpm: Some(Gpm { sm: Some(f64::from(10 * id).into()), ..Gpm::default() }),
    };
    Gpu { mig: Some(true), instances: (1..=instances).map(instance).collect(), ..gpu(uuid) }
}

#[tokio::test]
async fn instances_have_readings_of_their_own_and_the_gpu_those_of_the_board() {
    let process =
        |pid, instance| Process { pid, memory_mib: 50, utilization: None, instance: Some(instance) };
    let agent =
        Running::start(node([Gpu { processes: vec![process(7, 1), process(8, 2)], ..mig("GPU-m", 2) }]));
    let page = agent.complete_page().await;
    let used = page.all("DCGM_FI_DEV_FB_USED", &[]);
    assert_eq!(used.iter().map(|sample| sample.value).collect::<Vec<_>>(), [100.0, 200.0]);
    for (sample, id) in used.iter().zip(["1", "2"]) {
        let labels = ["UUID", "GPU_I_ID", "GPU_I_PROFILE"].map(|name| sample.label(name));
        assert_eq!(labels, [Some("GPU-m"), Some(id), Some("1g.10gb")]);
    }
    let sm = page.all("DCGM_FI_PROF_SM_ACTIVE", &[]);
    assert_eq!(sm.iter().map(|sample| sample.value).collect::<Vec<_>>(), [0.1, 0.2]);
    let power = page.all("DCGM_FI_DEV_POWER_USAGE", &[]);
    assert_eq!(power.iter().map(|sample| sample.label("GPU_I_ID")).collect::<Vec<_>>(), [None]);
    assert_eq!(page.all("DCGM_FI_DEV_GPU_UTIL", &[]), [], "NVML does not measure GPUs that are cut");
    let processes = page.all("gpulse_process_memory_used_bytes", &[]);
    let where_ = |sample: &super::driver::Sample| {
        (sample.label("pid").unwrap().to_owned(), sample.label("GPU_I_ID").unwrap().to_owned())
    };
    assert_eq!(
        processes.iter().map(where_).collect::<Vec<_>>(),
        [("7".into(), "1".into()), ("8".into(), "2".into())]
    );
}

#[tokio::test]
async fn a_gpu_is_cut_and_made_whole_again_under_the_agent() {
    let mut agent = Running::start(node([gpu("GPU-a")]));
    agent.page_when(|page| page.all("DCGM_FI_DEV_FB_USED", &[]).len() == 1).await;
    agent.change(|node| node.gpus[0] = mig("GPU-a", 3));
    agent.page_when(|page| page.all("DCGM_FI_DEV_FB_USED", &[("GPU_I_PROFILE", "1g.10gb")]).len() == 3).await;
    agent.change(|node| node.gpus[0] = gpu("GPU-a"));
    let whole = |page: &super::driver::Page| {
        let used = page.all("DCGM_FI_DEV_FB_USED", &[]);
        used.len() == 1 && used[0].label("GPU_I_ID").is_none()
    };
    agent.page_when(whole).await;
}

#[tokio::test]
async fn hopper_tells_what_its_sms_do() {
    let gpm = Gpm {
        sm: Some(42.5.into()),
        graphics: Some(99.0.into()),
        dram: Some(10.0.into()),
        pcie_tx_mib: Some(3.0.into()),
        ..Gpm::default()
    };
    let hopper = Gpu { gpm: Some(gpm), utilization: Some(100.0.into()), ..gpu("GPU-h") };
    let agent = Running::start(node([hopper, gpu("GPU-a")]));
    let page = agent.complete_page().await;
    let of = |name| page.value(name, &[("UUID", "GPU-h")]);
    assert_eq!(of("DCGM_FI_PROF_SM_ACTIVE"), Some(0.425));
    assert_eq!(of("DCGM_FI_PROF_GR_ENGINE_ACTIVE"), Some(0.99));
    assert_eq!(of("DCGM_FI_PROF_PCIE_TX_BYTES"), Some(3.0 * MIB));
    assert_eq!(of("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"), None, "this driver does not measure it");
    let best =
        |uuid, source| page.value("gpulse_gpu_utilization_ratio", &[("UUID", uuid), ("source", source)]);
    assert_eq!(best("GPU-h", "SM_ACTIVE"), Some(0.425), "100 % by GPU_UTIL");
    assert_eq!(best("GPU-a", "GPU_UTIL"), Some(0.0));
    assert_eq!(page.all("gpulse_gpu_utilization_ratio", &[]).len(), 2);
}

/// GPM's rates are of the whole time; the other measure is for GPUs that have no GPM.
#[tokio::test]
async fn rates_over_pcie_are_gpms_where_it_knows_them() {
    let pcie = Some(PcieRates { tx_kb: 4, rx_kb: 5 });
    let gpm = Gpm { pcie_tx_mib: Some(3.0.into()), pcie_rx_mib: Some(2.0.into()), ..Gpm::default() };
    let hopper = Gpu { gpm: Some(gpm), pcie, ..gpu("GPU-h") };
    let agent = Running::start(node([hopper, Gpu { pcie, ..gpu("GPU-a") }]));
    let page = agent.complete_page().await;
    let rates = |uuid| {
        ["TX", "RX"].map(|way| page.value(&format!("DCGM_FI_PROF_PCIE_{way}_BYTES"), &[("UUID", uuid)]))
    };
    assert_eq!(rates("GPU-h"), [Some(3.0 * MIB), Some(2.0 * MIB)]);
    assert_eq!(rates("GPU-a"), [Some(4000.0), Some(5000.0)]);
}

#[tokio::test]
async fn processes_of_all_kinds_are_told_once() {
    let process = |pid, memory_mib| Process { pid, memory_mib, utilization: Some(pid), instance: None };
    let shared = Gpu {
        processes: vec![process(7, 70), process(8, 80)],
        mps_processes: vec![process(5, 50)],
        graphics_processes: vec![process(8, 81), process(9, 90)],
        ..gpu("GPU-a")
    };
    let agent = Running::start(node([shared]));
    let page = agent.complete_page().await;
    let memory = page.all("gpulse_process_memory_used_bytes", &[]);
    let found = memory.iter().map(|sample| (sample.label("pid").unwrap(), sample.value / MIB));
    assert_eq!(found.collect::<Vec<_>>(), [("5", 50.0), ("7", 70.0), ("8", 80.0), ("9", 90.0)]);
}

/// The driver samples once a second, and the agent reads thirty times in that.
#[tokio::test]
async fn a_process_between_two_samples_is_not_at_rest() {
    let busy = Process { pid: 7, memory_mib: 1, utilization: Some(60), instance: None };
    let idle = Process { pid: 8, utilization: None, ..busy.clone() };
    let nonsense = Process { pid: 7, utilization: Some(u32::MAX), ..busy.clone() };
    let agent = Running::start(node([Gpu { processes: vec![busy, idle, nonsense], ..gpu("GPU-a") }]));
    let mut page = agent.complete_page().await;
    for _ in 0..30 {
        let of = |pid| page.value("gpulse_process_utilization_ratio", &[("pid", pid)]);
        assert_eq!((of("7"), of("8")), (Some(0.6), Some(0.0)));
        page = agent.complete_page().await;
    }
}

#[tokio::test]
async fn processes_that_are_too_many_are_counted() {
    let process = |pid| Process { pid, memory_mib: 1, utilization: None, instance: None };
    let agent = Running::start(node([Gpu { processes: (1..=300).map(process).collect(), ..gpu("GPU-a") }]));
    let page = agent.complete_page().await;
    assert_eq!(page.all("gpulse_process_memory_used_bytes", &[]).len(), 256);
    assert_eq!(page.value("gpulse_gpu_processes_unlisted", &[]), Some(44.0));
}

#[tokio::test]
async fn counters_of_nvlink_become_a_rate() {
    let links = Links { tx_kib: 1000, rx_kib: 3000, ..Links::default() };
    let mut agent = Running::start(node([Gpu { nvlink: Some(links), ..gpu("GPU-a") }]));
    let page = agent.complete_page().await;
    assert_eq!(page.value("gpulse_gpu_nvlink_sent_bytes_total", &[]), Some(1_024_000.0));
    assert_eq!(page.value("DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", &[]), Some(0.0));
    agent.change(|node| node.gpus[0].nvlink = Some(Links { tx_kib_per_second: 1_000_000, ..links }));
    agent.page_when(|page| page.value("DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", &[]) > Some(0.0)).await;
}

#[tokio::test]
async fn sixteen_gpus_of_seven_instances_and_two_hundred_processes() {
    let process = |pid| Process { pid, memory_mib: 10, utilization: None, instance: Some(pid % 7 + 1) };
    let mut gpus: Vec<Gpu> = (0..16).map(|gpu| mig(&format!("GPU-{gpu}"), 7)).collect();
    gpus[0].processes = (1000..1200).map(process).collect();
    let agent = Running::start(node(gpus));
    let page = agent.page_when(|page| page.all("DCGM_FI_PROF_SM_ACTIVE", &[]).len() == 16 * 7).await;
    assert_eq!(page.all("DCGM_FI_DEV_FB_USED", &[]).len(), 16 * 7);
    assert_eq!(page.all("gpulse_process_memory_used_bytes", &[]).len(), 200);
    let mut series: Vec<String> =
        page.0.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect();
    series.sort_unstable();
    let all = series.len();
    series.dedup();
    assert_eq!(series.len(), all, "no series is there twice");
}
