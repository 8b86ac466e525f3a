//! Where the real scheduler puts pods when it asks gpulse.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};
use testbed::NodeScenario;
use testbed::objects::gpu_pod;

use crate::world::{Telemetry, World};

fn name(index: usize) -> String {
    format!("gpu-{index:02}")
}

fn idle_nodes(count: usize, gpus: u32) -> impl Iterator<Item = NodeScenario> {
    (0..count).map(move |index| NodeScenario::new(&name(index), gpus))
}

/// How many of the pods went to each node.
fn count(nodes: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    nodes.iter().for_each(|node| *counts.entry(node.as_str()).or_default() += 1);
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn of_equal_nodes_those_idle_by_measurement_are_picked_and_with_weight_zero_they_are_not() -> Result<()>
{
    let loads = [90.0, 4.0, 75.0, 85.0, 2.0, 95.0];
    let nodes =
        loads.iter().enumerate().map(|(index, load)| NodeScenario::new(&name(index), 8).utilization(*load));
    let mut world = World::start(nodes, Telemetry::Prometheus).await?;
    for (index, load) in loads.iter().enumerate() {
        world.measured(&name(index), *load as u64).await?;
    }

    for profile in ["default", "spread"] {
        world.schedule_by(profile).await?;
        let placed = world.place_each(profile, 6).await?;
        assert!(placed.iter().all(|node| *node == name(1) || *node == name(4)), "{profile}: {placed:?}");
        world.clear().await?;
    }

    world.schedule_by("blind-spread").await?;
    let placed = world.place_each("blind", 12).await?;
    assert_eq!(count(&placed).into_values().collect::<Vec<_>>(), [2; 6], "by allocation alone all are equal");
    world.clear().await?;

    // The idle node becomes busy and a busy one idle: the next pods follow.
    world.exporter.set_utilization(&name(1), 92.0)?;
    world.exporter.set_utilization(&name(4), 91.0)?;
    world.exporter.set_utilization(&name(3), 1.0)?;
    for (node, load) in [(1, 92), (4, 91), (3, 1)] {
        world.measured(&name(node), load).await?;
    }
    world.schedule_by("spread").await?;
    assert_eq!(world.place_each("moved", 4).await?, vec![name(3); 4]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn binpack_fills_and_worst_fit_spreads() -> Result<()> {
    let mut world = World::start(idle_nodes(5, 4), Telemetry::None).await?;

    world.schedule_by("blind-binpack").await?;
    let placed = world.place_each("packed", 10).await?;
    let mut filled: Vec<usize> = count(&placed).into_values().collect();
    filled.sort_unstable();
    assert_eq!(filled, [2, 4, 4], "node after node: {placed:?}");
    world.clear().await?;

    world.schedule_by("blind-spread").await?;
    let placed = world.place_each("spread", 10).await?;
    assert_eq!(count(&placed).into_values().collect::<Vec<_>>(), [2; 5], "evenly: {placed:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fragmentation_keeps_a_whole_node_for_those_who_need_it() -> Result<()> {
    let mut world = World::start(idle_nodes(5, 8), Telemetry::None).await?;
    // What is asked for is learned from the pods that are there: whole nodes, mostly.
    for whole in [0, 1, 2] {
        world.create(gpu_pod(&format!("whole-{whole}")).gpus(8).on_node(&name(whole))).await?;
    }
    world.create(gpu_pod("broken").gpus(1).on_node(&name(3))).await?;
    world.agrees_with_the_api().await?;

    world.schedule_by("blind-fragmentation").await?;
    assert_eq!(world.place_each("small", 5).await?, vec![name(3); 5], "on the node that is broken anyway");
    assert_eq!(world.place("large", gpu_pod("large").gpus(8)).await?, name(4));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn random_is_even_and_repeats_with_its_seed() -> Result<()> {
    const NODES: usize = 10;
    const PODS: usize = 150;
    let mut world = World::start(idle_nodes(NODES, PODS as u32), Telemetry::None).await?;
    world.schedule_by("blind-random").await?;
    let placed = world.place_each("drawn", PODS).await?;

    let expected = (PODS / NODES) as f64;
    let counts = count(&placed);
    let chi_square: f64 =
        counts.values().map(|count| (*count as f64 - expected).powi(2) / expected).sum::<f64>()
            + (NODES - counts.len()) as f64 * expected;
    // 9 degrees of freedom: 33.7 is passed once in ten thousand draws, which the pods' UIDs make anew each time.
    assert!(chi_square < 33.7, "{chi_square}: {counts:?}");

    // Asked again, gpulse draws the node where each pod is.
    let names: Vec<String> = (0..NODES).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (number, node) in placed.iter().enumerate().step_by(10) {
        let pod = world.pod(&format!("drawn-{number}")).await?;
        let ranks = world.ask("/profiles/blind-random/prioritize", &pod, &names).await?;
        assert_eq!(best(&ranks), [node.as_str()]);
    }
    Ok(())
}

/// The hosts with the most points.
fn best(ranks: &Value) -> Vec<&str> {
    let ranks = ranks.as_array().map(Vec::as_slice).unwrap_or_default();
    let top = ranks.iter().filter_map(|rank| rank["Score"].as_u64()).max();
    ranks
        .iter()
        .filter(|rank| rank["Score"].as_u64() == top)
        .filter_map(|rank| rank["Host"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn affinity_follows_its_rules() -> Result<()> {
    let model = |name: &str, model: &str| NodeScenario { model: model.into(), ..NodeScenario::new(name, 2) };
    let nodes =
        [model("a", "NVIDIA-A100-SXM4-80GB"), model("h", "NVIDIA-H100-80GB-HBM3"), model("l", "NVIDIA-L4")];
    let mut world = World::start(nodes, Telemetry::None).await?;
    world.schedule_by("models").await?;
    assert_eq!(
        world.place_each("ranked", 6).await?,
        ["h", "h", "a", "a", "l", "l"],
        "the ranking, while there is room"
    );
    world.clear().await?;
    let choosy = gpu_pod("choosy").gpus(1).annotation("gpulse.dev/gpu-models", "L4,A100");
    assert_eq!(world.place("choosy", choosy).await?, "l", "the pod's own list comes first");
    world.clear().await?;

    world.schedule_by("owner").await?;
    let owned = |name: &str, owner: &str| {
        let mut pod = gpu_pod(name).gpus(1).build();
        pod["spec"]["schedulerName"] = crate::world::SCHEDULER_NAME.into();
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "batch/v1", "kind": "Job", "name": owner, "uid": owner, "controller": true,
        }]);
        pod
    };
    let mut first = owned("first", "job");
    first["spec"]["nodeName"] = "a".into();
    world.api().create(&first).await?;
    world.agrees_with_the_api().await?;
    world.api().create(&owned("second", "job")).await?;
    let second = testbed::eventually(crate::world::SOON, "second has a node", async || {
        Ok(crate::world::node_of(&world.pod("second").await?))
    });
    assert_eq!(second.await?, "a", "near the owner's other pod");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_shipped_weights_our_preference_outvotes_the_schedulers_own() -> Result<()> {
    // By allocation all is against node gpu-00: its CPU and memory are nearly used up, and pods of the same label are
    // on it. By measurement it is the idle one.
    let loads = [3.0, 60.0, 60.0];
    let nodes =
        loads.iter().enumerate().map(|(index, load)| NodeScenario::new(&name(index), 8).utilization(*load));
    let mut world = World::start(nodes, Telemetry::Prometheus).await?;
    for (index, load) in loads.iter().enumerate() {
        world.measured(&name(index), *load as u64).await?;
    }
    for number in 0..3 {
        let filler = gpu_pod(&format!("filler-{number}")).resource("cpu", "28").resource("memory", "300Gi");
        world.api().create(&filler.label("app", "same").on_node(&name(0)).build()).await?;
    }
    world.agrees_with_the_api().await?;

    world.schedule_by("spread").await?;
    let wanting = |pod: &str| {
        // The pod itself asks softly for another node and for distance from its like.
        gpu_pod(pod).gpus(1).label("app", "same").spec(
            "affinity",
            json!({
                "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
                    "weight": 100,
                    "preference": {"matchExpressions": [
                        {"key": "kubernetes.io/hostname", "operator": "In", "values": [name(1)]},
                    ]},
                }]},
                "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
                    "weight": 100,
                    "podAffinityTerm": {
                        "labelSelector": {"matchLabels": {"app": "same"}},
                        "topologyKey": "kubernetes.io/hostname",
                    },
                }]},
            }),
        )
    };
    assert_eq!(world.place("measured", wanting("measured")).await?, name(0));
    world.api().delete("/api/v1/namespaces/default/pods/measured").await?;

    // Without our opinion the scheduler goes elsewhere: what was outvoted is real.
    let stock = testbed::SchedulerConfig::stock();
    let _stock = world.control_plane.start_scheduler(stock).await?;
    world.api().create(&wanting("stock").build()).await?;
    let node = testbed::eventually(crate::world::SOON, "stock has a node", async || {
        Ok(crate::world::node_of(&world.pod("stock").await?))
    });
    assert_eq!(node.await?, name(1));
    Ok(())
}
