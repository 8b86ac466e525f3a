//! What goes wrong with drivers and GPUs: the agent stays up, says so, and goes on by itself.

use std::path::Path;

use fake_nvml::{Scenario, Xid};

use super::driver::{Page, Running, gpu, node};
use super::holders;
use super::kubelet::Kubelet;

const UTIL: &str = "DCGM_FI_DEV_GPU_UTIL";

fn one(uuid: &str) -> [(&str, &str); 1] {
    [("UUID", uuid)]
}

fn is_read(page: &Page) -> bool {
    page.problem().is_none() && !page.all(UTIL, &[]).is_empty()
}

/// The warnings that name a problem or a fault.
fn warnings(agent: &Running) -> Vec<String> {
    let warns = |event: &serde_json::Value| {
        let what = event["problem"].as_str().or(event["fault"].as_str())?;
        (event["level"] == "WARN").then(|| what.to_owned())
    };
    agent.events().iter().filter_map(warns).collect()
}

#[tokio::test]
async fn a_library_that_is_missing_is_no_end() {
    let agent = Running::start_on(node([gpu("GPU-a")]), Path::new("/nowhere/libnvidia-ml.so.1"), &[]);
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("no_library"));
    let (status, text) = agent.ready().await;
    assert_eq!(status, 503);
    assert!(
        text.contains("/nowhere/libnvidia-ml.so.1") && text.contains("install the NVIDIA driver"),
        "{text}"
    );
    assert_eq!(warnings(&agent), ["no_library"], "one line, however often it is tried");
    assert_eq!(agent.get("/livez", "*/*").await.0, 200);
}

#[tokio::test]
async fn a_driver_that_is_not_loaded_may_come() {
    let mut agent = Running::start(Scenario { driver_loaded: false, ..node([gpu("GPU-a")]) });
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("no_driver"));
    assert_eq!(agent.ready().await.0, 503);
    agent.change(|node| node.driver_loaded = true);
    agent.page_when(is_read).await;
    assert_eq!(agent.ready().await, (200, "ok".to_owned()));
    assert_eq!(warnings(&agent), ["no_driver"]);
}

#[tokio::test]
async fn a_driver_that_is_restarted_is_found_again() {
    let mut agent = Running::start(node([gpu("GPU-a")]));
    agent.page_when(is_read).await;
    agent.change(|node| node.driver_loaded = false);
    agent.page_when(|page| page.problem().as_deref() == Some("no_driver")).await;
    agent.change(|node| (node.driver_loaded, node.driver_version) = (true, "580.95.05".into()));
    let label = ("DCGM_FI_DRIVER_VERSION", "580.95.05");
    agent.page_when(|page| page.problem().is_none() && !page.all(UTIL, &[label]).is_empty()).await;
    assert_eq!(agent.event("the GPUs are read again")["was"], "no_driver");
}

#[tokio::test]
async fn a_node_without_a_gpu_says_so_until_one_comes() {
    let mut agent = Running::start(node([]));
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("no_gpu"));
    assert!(agent.ready().await.1.contains("NVML finds no GPU"));
    agent.change(|node| node.gpus.push(gpu("GPU-a")));
    agent.page_when(is_read).await;
}

#[tokio::test]
async fn a_gpu_that_falls_off_the_bus_takes_no_other_with_it() {
    let mut agent = Running::start(node([gpu("GPU-a"), gpu("GPU-b")]));
    agent.page_when(|page| page.all(UTIL, &[]).len() == 2).await;
    agent.change(|node| {
        node.gpus[0].lost = true;
        node.gpus[1].utilization = Some(77.0.into());
        node.xids.push(Xid { gpu: 0, code: 79 });
    });
    let page = agent
        .page_when(|page| {
            page.value("gpulse_gpu_up", &one("GPU-a")) == Some(0.0)
                && page.value("gpulse_gpu_xid_errors_total", &one("GPU-a")).is_some()
        })
        .await;
    let fault = [("UUID", "GPU-a"), ("fault", "lost")];
    assert_eq!(page.value("gpulse_gpu_fault", &fault), Some(1.0));
    assert_eq!(page.value("DCGM_FI_DEV_XID_ERRORS", &one("GPU-a")), Some(79.0));
    assert_eq!(page.value("DCGM_FI_DEV_XID_ERRORS", &one("GPU-b")), Some(0.0));
    let page = agent.page_when(|page| page.value(UTIL, &one("GPU-b")) == Some(77.0)).await;
    assert_eq!(page.problem(), None);
    let (status, text) = agent.ready().await;
    assert_eq!(status, 200, "the other GPU is read: {text}");
    assert!(text.contains("[-]gpu 0 (GPU-a) failed: it has fallen off the bus"), "{text}");
    agent.change(|node| node.gpus[0].lost = false);
    agent.page_when(|page| page.value("gpulse_gpu_up", &one("GPU-a")) == Some(1.0)).await;
    assert_eq!(warnings(&agent), ["lost"], "one line");
}

#[tokio::test]
async fn a_gpu_that_was_never_there_is_told_by_its_index() {
    let lost = fake_nvml::Gpu { lost: true, ..gpu("GPU-a") };
    let agent = Running::start(node([lost, gpu("GPU-b")]));
    let page = agent.page_when(|page| page.value("gpulse_gpu_up", &[("gpu", "0")]) == Some(0.0)).await;
    assert_eq!(page.all(UTIL, &[]).len(), 1);
    assert_eq!(page.all("gpulse_gpu_up", &[("gpu", "0")])[0].label("UUID"), None, "it could not say");
}

/// What a driver does not know is absent, and nothing else is.
#[tokio::test]
async fn an_old_driver_lacks_some_functions() {
    let mut scenario = node([gpu("GPU-a")]);
    scenario.missing = [
        "MemoryInfo_v2",
        "MigMode",
        "FieldValues",
        "ProcessUtilization",
        "ViolationStatus",
        "ComputeRunningProcesses_v3",
    ]
    .map(|name| format!("nvmlDeviceGet{name}"))
    .into();
    let kubelet = Kubelet::start(|_| {});
    let agent = holders::start(scenario, &kubelet);
    let page = agent.complete_page().await;
    assert_eq!((page.problem(), page.value("gpulse_gpu_up", &[])), (None, Some(1.0)));
    let absent = ["FB_USED", "MEMORY_TEMP", "UNCORRECTABLE_REMAPPED_ROWS", "POWER_VIOLATION"];
    for name in absent.map(|name| format!("DCGM_FI_DEV_{name}")) {
        assert_eq!(page.all(&name, &[]), [], "{name}");
        assert!(!page.0.contains(&format!("# TYPE {name} ")), "a family without samples leaves no trace");
    }
    assert!(!page.0.contains("gpulse_gpu_processes"), "none is known of: {}", page.0);
    let there = ["GPU_UTIL", "POWER_USAGE", "ECC_DBE_VOL_TOTAL"];
    for name in there.map(|name| format!("DCGM_FI_DEV_{name}")) {
        assert_eq!(page.all(&name, &[]).len(), 1, "{name}");
    }
}

/// Asked of a GPU that has no such thing.
#[tokio::test]
async fn what_a_gpu_does_not_support_is_absent_and_never_zero() {
    let bare = fake_nvml::Gpu {
        memory_temperature: None,
        power_watts: None,
        ecc: None,
        remapped: None,
        nvlink: None,
        pcie_replays: None,
        pcie: None,
        mig: None,
        ..gpu("GPU-a")
    };
    let agent = Running::start(node([bare]));
    let page = agent.complete_page().await;
    let words =
        ["MEMORY_TEMP", "POWER_USAGE", "ECC", "REMAP", "NVLINK", "nvlink", "REPLAY", "PROF", "power_average"];
    for word in words {
        assert!(!page.0.contains(word), "{word}: {}", page.0);
    }
    assert_eq!(page.value(UTIL, &[]), Some(0.0), "an idle GPU is measured to be idle");
}

#[tokio::test]
async fn xid_errors_are_told_and_counted() {
    let mut agent = Running::start(node([gpu("GPU-a"), gpu("GPU-b")]));
    agent.page_when(|page| page.value("DCGM_FI_DEV_XID_ERRORS", &one("GPU-b")) == Some(0.0)).await;
    for code in [31, 31, 43] {
        agent.change(|node| node.xids.push(Xid { gpu: 1, code }));
    }
    let count = |code: &'static str| [("UUID", "GPU-b"), ("xid", code)];
    let name = "gpulse_gpu_xid_errors_total";
    let page = agent.page_when(|page| page.value(name, &count("43")) == Some(1.0)).await;
    assert_eq!(page.value(name, &count("31")), Some(2.0));
    assert_eq!(page.value("DCGM_FI_DEV_XID_ERRORS", &one("GPU-b")), Some(43.0));
    assert_eq!(page.value("DCGM_FI_DEV_XID_ERRORS", &one("GPU-a")), Some(0.0));
    let named = [("UUID", "GPU-b"), ("err_code", "43"), ("err_msg", "GPU stopped processing")];
    assert_eq!(page.value("DCGM_FI_DEV_XID_ERRORS", &named), Some(43.0));
    assert_eq!(agent.event("XID error: GPU memory page fault")["xid"], 31);
}

/// A driver's library that really lacks a symbol, as against one whose call refuses.
#[tokio::test]
async fn a_symbol_that_is_missing_costs_what_it_reads() {
    let folder = tempfile::TempDir::new().unwrap();
    let library = folder.path().join("libnvidia-ml.so.1");
    let mut code = std::fs::read(fake_nvml::library().unwrap()).unwrap();
    // Under another name the loader's hash table finds it under neither.
    let name = b"nvmlDeviceGetPowerUsage\0";
    let places: Vec<usize> = code
        .windows(name.len())
        .enumerate()
        .filter(|(_, found)| found == name)
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|place| code[place] = b'x');
    std::fs::write(&library, code).unwrap();
    let agent = Running::start_on(node([gpu("GPU-a")]), &library, &[]);
    let page = agent.complete_page().await;
    assert_eq!((page.problem(), page.value(UTIL, &[])), (None, Some(0.0)));
    assert_eq!(page.all("DCGM_FI_DEV_POWER_USAGE", &[]), []);
}

/// A driver without events: its XID errors are untold, and not said to be none.
#[tokio::test]
async fn a_driver_that_tells_no_events_is_said_to() {
    let agent =
        Running::start(Scenario { missing: vec!["nvmlEventSetCreate".into()], ..node([gpu("GPU-a")]) });
    let page = agent.page_when(|page| page.problem().is_some() && !page.all(UTIL, &[]).is_empty()).await;
    assert_eq!(page.problem().as_deref(), Some("xid_untold"));
    assert_eq!(page.all("DCGM_FI_DEV_XID_ERRORS", &[]), []);
    assert_eq!(warnings(&agent), ["xid_untold"], "one line, however often it is tried");
}
