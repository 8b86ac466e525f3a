//! Prometheus stops, lies or is slow: pods are placed all the same, and everybody can see by what.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testbed::objects::gpu_pod;
use testbed::{Fault, NodeScenario, eventually};

use crate::world::{SOON, Telemetry, World};

fn nodes() -> impl Iterator<Item = NodeScenario> {
    [("busy", 90.0), ("half", 50.0), ("idle", 2.0)]
        .into_iter()
        .map(|(name, load)| NodeScenario::new(name, 8).utilization(load))
}

/// Waits until `explain` says that no measurement is trusted.
async fn decides_by_allocation_alone(world: &World) -> Result<()> {
    eventually(SOON, "no measurement counts any more", async || {
        let pod = serde_json::json!({
            "metadata": {"name": "question"},
            "spec": {"containers": [{"resources": {"requests": {"nvidia.com/gpu": "1"}}}]},
        });
        let ranks = world.ask("/profiles/spread/prioritize", &pod, &["busy", "half", "idle"]).await?;
        let points: Vec<_> =
            ranks.as_array().into_iter().flatten().map(|rank| rank["Score"].clone()).collect();
        ensure!(points == [10, 10, 10], "{points:?}");
        Ok(Some(()))
    })
    .await
}

/// Prometheus fails in some way; pods are placed by allocation, and by measurement again after its return.
async fn survives(
    world: &mut World,
    name: &str,
    fail: impl AsyncFn(&mut World) -> Result<()>,
    mend: impl AsyncFn(&mut World) -> Result<()>,
) -> Result<()> {
    fail(world).await?;
    assert_eq!(
        world.place(name, gpu_pod(name).gpus(1)).await?,
        "idle",
        "{name}: the last samples count while fresh"
    );
    world.clear().await?;
    world.mode_becomes(&["allocation-only"]).await?;
    decides_by_allocation_alone(world).await?;
    let placed = world.place_each(&format!("{name}-blind"), 6).await?;
    let busy = placed.iter().filter(|node| **node == "busy").count();
    assert_eq!(busy, 2, "{name}: by allocation alone the busy node gets its share: {placed:?}");
    ensure!(world.gpulse.admin_text("/readyz").await.is_ok(), "{name}: gpulse stays ready");
    mend(world).await?;
    world.mode_becomes(&["live"]).await?;
    world.clear().await?;
    assert_eq!(world.place(name, gpu_pod(name).gpus(1)).await?, "idle", "{name}: back to normal");
    world.clear().await
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_are_placed_whatever_prometheus_does() -> Result<()> {
    let mut world = World::start(nodes(), Telemetry::Prometheus).await?;
    for (node, load) in [("busy", 90), ("half", 50), ("idle", 2)] {
        world.measured(node, load).await?;
    }
    world.schedule_by("spread").await?;

    let fault = async |world: &mut World, fault: Fault| -> Result<()> {
        world.proxy.as_ref().context("there is a proxy")?.set(fault);
        Ok(())
    };
    let pass = async |world: &mut World| fault(world, Fault::None).await;
    survives(&mut world, "errors", async |world| fault(world, Fault::Status(503)).await, pass).await?;
    survives(&mut world, "garbage", async |world| fault(world, Fault::Garbage).await, pass).await?;
    let slow = async |world: &mut World| fault(world, Fault::Delay(Duration::from_secs(5))).await;
    survives(&mut world, "slow", slow, pass).await?;
    let stop = async |world: &mut World| {
        world.prometheus.as_mut().context("there is a Prometheus")?.stop();
        Ok(())
    };
    let restart =
        async |world: &mut World| world.prometheus.as_mut().context("there is a Prometheus")?.restart().await;
    survives(&mut world, "stopped", stop, restart).await?;

    let log = std::fs::read_to_string(world.gpulse.log())?;
    assert!(log.contains("telemetry"), "changes of mode are logged");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_without_samples_are_neither_preferred_nor_rejected() -> Result<()> {
    let measured = [("busy", 90.0), ("idle", 2.0)];
    let nodes = measured.into_iter().map(|(name, load)| NodeScenario::new(name, 8).utilization(load));
    let dark = NodeScenario { dark: true, ..NodeScenario::new("dark", 8) };
    let mut world = World::start(nodes.chain([dark]), Telemetry::Prometheus).await?;
    world.measured("busy", 90).await?;
    world.measured("idle", 2).await?;
    world.mode_becomes(&["partial"]).await?;
    world.schedule_by("spread").await?;

    let pod = gpu_pod("question").gpus(1).build();
    let names = ["busy", "dark", "idle"];
    let verdict = world.ask("/profiles/spread/filter", &pod, &names).await?;
    assert_eq!(verdict["NodeNames"], serde_json::json!(names), "none is rejected");
    let ranks = world.ask("/profiles/spread/prioritize", &pod, &names).await?;
    let points = |index: usize| ranks[index]["Score"].as_u64();
    assert!(points(0) < points(1) && points(1) < points(2), "in the middle: {ranks}");
    // And a pod that fits nowhere else is placed there.
    let only = gpu_pod("only").gpus(1).node_selector("kubernetes.io/hostname", "dark");
    assert_eq!(world.place("only", only).await?, "dark");
    Ok(())
}
