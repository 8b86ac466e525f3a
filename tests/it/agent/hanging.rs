//! Calls that do not return.

use fake_nvml::{Scenario, Xid};

use super::driver::{Running, gpu, node};

const UTIL: &str = "DCGM_FI_DEV_GPU_UTIL";
const CALL: &str = "nvmlDeviceGetPowerUsage";

fn hang(node: &mut Scenario, gpu: usize) {
    node.gpus[gpu].hanging.push(CALL.into());
}

#[tokio::test]
async fn one_gpu_that_hangs_is_set_aside_and_the_others_go_on() {
    let mut agent = Running::start(node([gpu("GPU-a"), gpu("GPU-b"), gpu("GPU-c")]));
    agent.page_when(|page| page.all(UTIL, &[]).len() == 3).await;
    agent.change(|node| hang(node, 1));
    agent
        .page_when(|page| {
            page.value("gpulse_gpu_fault", &[("UUID", "GPU-b"), ("fault", "hanging")]).is_some()
        })
        .await;
    let age =
        |page: &super::driver::Page| page.value("gpulse_gpu_read_timestamp_seconds", &[("UUID", "GPU-b")]);
    let before = age(&agent.page().await);
    agent.change(|node| {
        node.gpus[0].utilization = Some(11.0.into());
        node.gpus[2].utilization = Some(33.0.into());
    });
    let others = |page: &super::driver::Page| {
        let util = |uuid| page.value(UTIL, &[("UUID", uuid)]);
        (util("GPU-a"), util("GPU-c")) == (Some(11.0), Some(33.0))
    };
    let page = agent.page_when(others).await;
    assert_eq!(age(&page), before, "what was read before it hung ages");
    assert_eq!((page.problem(), agent.ready().await.0), (None, 200));
    assert!(agent.ready().await.1.contains("[-]gpu 1 (GPU-b) failed: NVML does not return"));

    agent.change(|node| {
        node.gpus[1].hanging.clear();
        node.gpus[1].utilization = Some(22.0.into());
    });
    agent.page_when(|page| page.value(UTIL, &[("UUID", "GPU-b")]) == Some(22.0)).await;
    let page = agent.page().await;
    assert_eq!(page.all("gpulse_gpu_fault", &[]), []);
    assert_eq!(agent.event("the GPU is read again")["was"], "hanging");
}

#[tokio::test]
async fn gpus_that_hang_one_after_the_other_are_all_set_aside() {
    let mut agent = Running::start(node(["GPU-a", "GPU-b", "GPU-c"].map(gpu)));
    agent.page_when(|page| page.all(UTIL, &[]).len() == 3).await;
    agent.change(|node| (0..2).for_each(|gpu| hang(node, gpu)));
    agent.page_when(|page| page.all("gpulse_gpu_fault", &[("fault", "hanging")]).len() == 2).await;
    assert_eq!(agent.ready().await.0, 200, "one is read");
    agent.change(|node| node.gpus[2].utilization = Some(5.0.into()));
    agent.page_when(|page| page.value(UTIL, &[("UUID", "GPU-c")]) == Some(5.0)).await;
    agent.change(|node| hang(node, 2));
    agent.page_when(|page| page.all("gpulse_gpu_fault", &[]).len() == 3).await;
    let (status, text) = agent.ready().await;
    assert_eq!(status, 503);
    assert!(text.contains("[-]nvml failed: no GPU can be read"), "{text}");
    agent.change(|node| node.gpus.iter_mut().for_each(|gpu| gpu.hanging.clear()));
    agent.page_when(|page| page.all("gpulse_gpu_fault", &[]).is_empty()).await;
    assert_eq!(agent.ready().await, (200, "ok".into()));
}

/// A driver that holds every call: there is nobody to take over, and nothing to show but that.
#[tokio::test]
async fn an_initialization_that_hangs_is_told_and_survived() {
    let mut agent = Running::start(Scenario { hanging: vec!["nvmlInit_v2".into()], ..node([gpu("GPU-a")]) });
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("hanging"));
    let (status, text) = agent.ready().await;
    assert_eq!(status, 503);
    assert!(text.contains("NVML does not return from its initialization"), "{text}");
    agent.change(|node| node.hanging.clear());
    agent.page_when(|page| page.problem().is_none() && !page.all(UTIL, &[]).is_empty()).await;
    assert_eq!(agent.ready().await.0, 200);
}

/// Whoever hangs, a scrape is answered and a signal obeyed.
#[tokio::test]
async fn a_hanging_call_does_not_keep_the_agent_from_ending() {
    let mut agent = Running::start(node([gpu("GPU-a")]));
    agent.page_when(|page| page.all(UTIL, &[]).len() == 1).await;
    agent.change(|node| hang(node, 0));
    agent.page_when(|page| page.all("gpulse_gpu_fault", &[]).len() == 1).await;
    let kill = std::process::Command::new("kill").args(["-TERM", &agent.pid().to_string()]).status();
    assert!(kill.unwrap().success());
    agent.event("stopped");
}

/// While nobody waits for errors, none must not be read as "there was none".
#[tokio::test]
async fn a_wait_for_xid_errors_that_hangs_is_told_and_survived() {
    let mut agent = Running::start(node(["GPU-a", "GPU-b"].map(gpu)));
    let xid = |page: &super::driver::Page, uuid| page.value("DCGM_FI_DEV_XID_ERRORS", &[("UUID", uuid)]);
    agent.change(|node| node.xids.push(Xid { gpu: 0, code: 31 }));
    agent.page_when(|page| (xid(page, "GPU-a"), xid(page, "GPU-b")) == (Some(31.0), Some(0.0))).await;
    agent.change(|node| node.hanging.push("nvmlEventSetWait_v2".into()));
    let page = agent.page_when(|page| page.problem().is_some()).await;
    assert_eq!(page.problem().as_deref(), Some("xid_untold"));
    assert_eq!((xid(&page, "GPU-a"), xid(&page, "GPU-b")), (Some(31.0), None));
    let (status, text) = agent.ready().await;
    assert_eq!(status, 200, "the GPUs are read");
    assert!(text.contains("[-]xid failed: XID errors are not told: NVML does not return"), "{text}");
    assert_eq!(agent.event_of("xid_untold")["level"], "WARN");
    agent.change(|node| {
        node.xids.push(Xid { gpu: 1, code: 79 });
        node.hanging.clear();
    });
    let page = agent.page_when(|page| page.problem().is_none()).await;
    assert_eq!(agent.event("XID errors are told again")["was"], "xid_untold");
    assert!(xid(&page, "GPU-b").is_some());
    agent.page_when(|page| xid(page, "GPU-b") == Some(79.0)).await;
}
