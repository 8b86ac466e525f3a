//! What the agent answers to those who look: `GET /v1/gpus`.

use gpulse::agent::{DeviceFault, Overview};

use super::{busy, cut, overview, two_gpus};
use crate::agent::driver::{Page, Running, gpu, node};
use crate::agent::shapes::mig;

#[test]
fn json_carries_all_of_it() {
    let mut gpus = vec![busy(0, 1), cut(1), busy(2, 2)];
    gpus[0].fault = Some(DeviceFault::Failed("NVML: unknown error".into()));
    gpus[2].fault = Some(DeviceFault::Lost);
    let sick = Overview { trouble: Some("no driver".into()), ..overview(gpus) };
    for picture in [sick, two_gpus(), Overview::default()] {
        let json = serde_json::to_string(&picture).unwrap();
        assert_eq!(serde_json::from_str::<Overview>(&json).unwrap(), picture, "{json}");
    }
}

#[tokio::test]
async fn who_looks_takes_nothing_from_who_scrapes() {
    let agent = Running::start(node([gpu("GPU-a"), mig("GPU-m", 2)]));
    let begun = agent.complete_page().await;
    let read_at = |page: &Page| page.value("gpulse_agent_read_timestamp_seconds", &[]).unwrap();
    let mut seen = Overview::default();
    while (seen.now.0 as f64) < (read_at(&begun) + 1.0) * 1000.0 {
        let (status, _, text) = agent.get("/v1/gpus", "*/*").await;
        assert_eq!(status, 200, "{text}");
        seen = serde_json::from_str(&text).unwrap();
    }
    let reading = seen.reading.unwrap();
    assert_eq!((seen.node.as_str(), reading.gpus.len()), (crate::agent::driver::NODE, 2));
    let window = agent.page().await.value("gpulse_agent_window_seconds", &[]).unwrap();
    assert!(window > 0.5, "averages are of the time since the last scrape, not of {window} s");
}
