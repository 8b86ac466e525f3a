//! The whole chain with nothing pretended but NVML: agents, Prometheus, gpulse, kube-scheduler.

use std::path::Path;

use anyhow::{Context, Result};
use fake_nvml::{Gpm, Gpu, Scenario, Xid};
use serde_json::Value;
use testbed::objects::gpu_pod;
use testbed::{Agent, NodeScenario, eventually};

use crate::world::{SOON, Telemetry, World};

/// "Preemptive cleanup, due to previous errors": what follows most of the others.
const ENDED: u64 = 45;

/// The GPU has fallen off the bus (NVIDIA's XID catalogue): one of those that gpulse takes as fatal.
const FATAL: u64 = 79;

/// The agent of a node with two GPUs whose SMs are so busy, in percent. By the coarse `GPU_UTIL` they never rest.
async fn agent(node: &str, sm_percent: f64) -> Result<Agent> {
    let gpm = Gpm { sm: Some(sm_percent.into()), ..Gpm::default() };
    let gpu = |index: u32| Gpu {
        uuid: format!("GPU-{node}-{index}"),
        utilization: Some(100.0.into()),
        gpm: Some(gpm.clone()),
        ..Gpu::default()
    };
    let scenario = Scenario { gpus: vec![gpu(0), gpu(1)], ..Scenario::default() };
    Agent::start(Path::new(env!("CARGO_BIN_EXE_gpulse")), node, scenario, &[]).await
}

/// What gpulse says of a node in the decision on a pod.
async fn explained(world: &World, pod: &str, node: &str) -> Result<Value> {
    let reply = world.gpulse.admin_json(&format!("/v1/explain?pod=default/{pod}")).await?;
    let nodes = reply["nodes"].as_array().context("an explanation has nodes")?;
    let found = nodes.iter().find(|found| found["node"] == node);
    Ok(found.with_context(|| format!("no {node} in {reply}"))?.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_follow_what_the_agents_read() -> Result<()> {
    let (busy, mut idle) = (agent("busy", 90.0).await?, agent("idle", 3.0).await?);
    let addresses = [&busy, &idle].map(|agent| agent.address().to_owned()).to_vec();
    let nodes = ["busy", "idle"].map(|name| NodeScenario::new(name, 2));
    let mut world = World::start(nodes, Telemetry::Agents(addresses)).await?;
    world.measured("busy", 90).await?;
    world.measured("idle", 3).await?;
    world.schedule_by("spread").await?;

    assert_eq!(world.place("first", gpu_pod("first").gpus(1)).await?, "idle");
    for (node, mille) in [("busy", 900), ("idle", 30)] {
        let load = &explained(&world, "first", node).await?["pools"][0]["load"];
        assert_eq!(
            (&load["source"], &load["offered"]),
            (&"SmActive".into(), &mille.into()),
            "{node}: {load}"
        );
    }

    // The driver ends the processes on the GPU, which is an error of its own.
    idle.change(|scenario| scenario.xids.extend([FATAL, ENDED].map(|code| Xid { gpu: 1, code })))?;
    eventually(SOON, "the XID error has come to gpulse", async || {
        let snapshot = world.gpulse.admin_json("/v1/snapshot").await?.to_string();
        Ok(snapshot.contains("fatalXid").then_some(()))
    })
    .await?;
    assert_eq!(
        world.place("second", gpu_pod("second").gpus(1)).await?,
        "busy",
        "one GPU is held, one is sick"
    );
    let rejected = &explained(&world, "second", "idle").await?["rejected"];
    assert_eq!(rejected, "unhealthy-gpus");

    // The GPU that the pod does not hold is the sick one: when the pod ends, its own is given again.
    world.clear().await?;
    assert_eq!(world.place("third", gpu_pod("third").gpus(1)).await?, "idle");

    // The measurements of an agent that is gone expire; the other's count.
    drop(idle);
    world.mode_becomes(&["partial"]).await?;
    world.measured("busy", 90).await
}
