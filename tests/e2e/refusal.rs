//! A pod that gpulse refuses: why is written where people look, it costs nothing while it waits, and it is placed once
//! a fitting node appears.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use testbed::objects::{gpu_node, gpu_pod};
use testbed::{NodeScenario, eventually};

use crate::world::{SOON, Telemetry, World, node_of};

/// What the scheduler wrote into the pod's status, as `kubectl describe pod` shows it.
fn refusal(pod: &Value) -> Option<String> {
    let conditions = pod["status"]["conditions"].as_array()?;
    let scheduled = conditions.iter().find(|condition| condition["type"] == "PodScheduled")?;
    Some(scheduled["message"].as_str()?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_pod_says_why_waits_quietly_and_is_placed_when_a_node_fits() -> Result<()> {
    let model = |name: &str, model: &str| NodeScenario { model: model.into(), ..NodeScenario::new(name, 2) };
    let nodes = [
        model("a0", "NVIDIA-A100-SXM4-80GB"),
        model("a1", "NVIDIA-A100-SXM4-80GB"),
        model("a2", "NVIDIA-A100-SXM4-80GB"),
        model("h0", "NVIDIA-H100-80GB-HBM3"),
    ];
    let mut world = World::start(nodes, Telemetry::None).await?;
    world.schedule_by("default").await?;
    // The only node with the right model has no room.
    world.place("tenant", gpu_pod("tenant").gpus(2).node_selector("kubernetes.io/hostname", "h0")).await?;
    let choosy = |name: &str| gpu_pod(name).gpus(1).annotation("gpulse.dev/gpu-models", "H100");
    world.create(choosy("choosy")).await?;
    let by_label =
        gpu_pod("by-label").gpus(1).node_selector("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3");
    world.create(by_label).await?;

    let message =
        eventually(SOON, "the pod says why it waits", async || Ok(refusal(&world.pod("choosy").await?)))
            .await?;
    assert!(message.contains("3 gpulse: GPU model is not one the pod accepts"), "{message}");
    assert!(message.contains("1 Insufficient nvidia.com/gpu"), "{message}");

    let calls_before = world.metric("gpulse_decisions_total").await?;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let calls = world.metric("gpulse_decisions_total").await? - calls_before;
    assert!(calls <= 5.0, "the scheduler leaves it alone: {calls} calls in a minute");

    // An attempt that something else causes says the same.
    world.place("unrelated", gpu_pod("unrelated").gpus(1)).await?;
    world.api().delete("/api/v1/namespaces/default/pods/unrelated").await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(refusal(&world.pod("choosy").await?).context("still refused")?, message);

    let fitting = gpu_node("h1").gpus(2).model("NVIDIA-H100-80GB-HBM3").build();
    world.api().create(&fitting).await?;
    for pod in ["choosy", "by-label"] {
        let node = eventually(Duration::from_secs(15), "placed once a fitting node is there", async || {
            Ok(node_of(&world.pod(pod).await?))
        });
        assert_eq!(node.await?, "h1");
    }
    Ok(())
}
