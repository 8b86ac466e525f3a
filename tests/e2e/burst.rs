//! Many pods at once.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use testbed::objects::gpu_pod;
use testbed::{NodeScenario, eventually};

use crate::world::{SOON, Telemetry, World, node_of};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_pods_at_once_fill_the_nodes_and_overcommit_none() -> Result<()> {
    const NODES: u32 = 20;
    const GPUS: u32 = 8;
    let nodes = (0..NODES).map(|n| NodeScenario::new(&format!("n{n:02}"), GPUS));
    let mut world = World::start(nodes, Telemetry::Prometheus).await?;
    world.schedule_by("default").await?;
    let pods: Vec<String> = (0..200).map(|n| format!("burst-{n:03}")).collect();
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
    for pod in &pods {
        if node_of(&world.pod(pod).await?).is_some() {
            world.api().delete(&format!("/api/v1/namespaces/default/pods/{pod}")).await?;
        }
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
