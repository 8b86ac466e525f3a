//! Many pods at once.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use testbed::objects::gpu_pod;
use testbed::{NodeScenario, eventually};

use crate::world::{SOON, Telemetry, World, node_of};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_pods_at_once_fill_the_nodes_and_overcommit_none() -> Result<()> {
    const NODES: u32 = 20;
    const GPUS: u32 = 8;
    const PODS: usize = 200;
    let nodes = (0..NODES).map(|n| NodeScenario::new(&format!("n{n:02}"), GPUS));
    let mut world = World::start(nodes, Telemetry::Prometheus).await?;
    world.schedule_by("default").await?;
    let pods: Vec<String> = (0..PODS).map(|n| format!("burst-{n:03}")).collect();
    for pod in &pods {
        world.create(gpu_pod(pod).gpus(1)).await?;
    }

    let room = (NODES * GPUS) as usize;
    let placed = eventually(SOON, "every pod that fits is placed", async || {
        let pods = world.api().list("/api/v1/namespaces/default/pods").await?;
        let placed: Vec<String> = pods.iter().filter_map(node_of).collect();
        ensure!(placed.len() >= room, "{} of {room}", placed.len());
        Ok(Some(placed))
    })
    .await?;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    placed.into_iter().for_each(|node| *counts.entry(node).or_default() += 1);
    assert_eq!(counts.len(), NODES as usize);
    assert!(counts.values().all(|count| *count == GPUS), "no node has more than it has GPUs: {counts:?}");
    world.agrees_with_the_api().await?;

    // Those that wait are placed as others leave.
    let pods = world.api().list("/api/v1/namespaces/default/pods").await?;
    for pod in pods.iter().filter(|pod| node_of(pod).is_some()) {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        world.api().delete(&format!("/api/v1/namespaces/default/pods/{name}")).await?;
    }
    eventually(SOON, "the rest is placed", async || {
        let pods = world.api().list("/api/v1/namespaces/default/pods").await?;
        ensure!(
            pods.len() == 200 - room && pods.iter().all(|pod| node_of(pod).is_some()),
            "{} left",
            pods.len()
        );
        Ok(Some(()))
    })
    .await?;
    world.agrees_with_the_api().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freed_gpu_is_taken_at_once_every_time() -> Result<()> {
    // One GPU and a queue. Each departure is the only event that wakes the next pod: were gpulse to answer from a picture
    // older than kube-scheduler's, that pod would wait for minutes.
    const ROUNDS: usize = 30;
    let mut world = World::start([NodeScenario::new("only", 1)], Telemetry::None).await?;
    world.schedule_by("default").await?;
    for number in 0..ROUNDS {
        world.create(gpu_pod(&format!("queued-{number:02}")).gpus(1)).await?;
    }
    for left in (0..ROUNDS).rev() {
        let holder = eventually(Duration::from_secs(20), "the next pod has the GPU", async || {
            let pods = world.api().list("/api/v1/namespaces/default/pods").await?;
            ensure!(pods.len() == left + 1, "{} pods", pods.len());
            let holder = pods.into_iter().find(|pod| node_of(pod).is_some());
            Ok(holder.and_then(|pod| pod["metadata"]["name"].as_str().map(str::to_owned)))
        })
        .await?;
        world.api().delete(&format!("/api/v1/namespaces/default/pods/{holder}")).await?;
    }
    Ok(())
}
