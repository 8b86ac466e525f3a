//! Odd metrics and odd objects, through the real Prometheus and the real API server.

use anyhow::{Result, ensure};
use testbed::objects::{gpu_node, gpu_pod};
use testbed::{NodeScenario, eventually};

use crate::world::{SOON, Telemetry, World};

/// dcgm-exporter's text for one GPU with this value.
fn gpu_util(labels: &str, value: &str) -> String {
    format!("DCGM_FI_DEV_GPU_UTIL{{{labels}}} {value}\n")
}

fn odd(name: &str, text: String) -> NodeScenario {
    NodeScenario { verbatim: Some(text), ..NodeScenario::new(name, 1) }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_metrics_are_missing_and_never_idle() -> Result<()> {
    let labels = |node: &str| format!("gpu=\"0\",UUID=\"GPU-{node}\",Hostname=\"{node}\"");
    let both = format!(
        "{}DCGM_FI_DEV_GPU_UTIL_RATIO{{gpu=\"0\",UUID=\"GPU-both\",hostname=\"both\"}} 0.3\n",
        gpu_util(&labels("both"), "30")
    );
    let nodes = [
        NodeScenario::new("sound", 1).utilization(40.0),
        odd("nan", gpu_util(&labels("nan"), "NaN")),
        odd("blank", gpu_util(&labels("blank"), "9223372036854775794")),
        odd("negative", gpu_util(&labels("negative"), "-1")),
        odd("nameless", gpu_util("gpu=\"0\"", "0")),
        odd("both", both),
    ];
    let world = World::start(nodes, Telemetry::Prometheus).await?;
    world.measured("sound", 40).await?;
    world.measured("both", 30).await?;
    let pod = gpu_pod("question").gpus(1).build();
    let names = ["sound", "nan", "blank", "negative", "nameless"];
    let ranks = world.ask("/profiles/spread/prioritize", &pod, &names).await?;
    let points: Vec<_> = ranks.as_array().into_iter().flatten().map(|rank| rank["Score"].clone()).collect();
    assert_eq!(
        points, [10; 5],
        "with no other measurement they stand where the measured one stands: {ranks}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn absurd_nodes_change_nothing_and_are_named() -> Result<()> {
    let world = World::start([NodeScenario::new("sound", 8)], Telemetry::None).await?;
    let absurd = gpu_node("absurd").gpus(4).label("nvidia.com/gpu.replicas", "many").build();
    world.api().create(&absurd).await?;
    eventually(SOON, "the absurd node is named in the log", async || {
        let log = std::fs::read_to_string(world.gpulse.log())?;
        ensure!(log.contains("node absurd") && log.contains("nvidia.com/gpu.replicas"), "not in the log");
        Ok(Some(()))
    })
    .await?;
    let pod = gpu_pod("question").gpus(8).build();
    let verdict = world.ask("/filter", &pod, &["sound"]).await?;
    assert_eq!(verdict["NodeNames"], serde_json::json!(["sound"]), "the others are as they were");
    Ok(())
}
