//! What the strategy `fragmentation` keeps, by the pods that the cluster holds.

use gpulse::placement::{Candidate, Profile, Scorer, explain};

use super::{points_of, profile, winner};
use crate::support::{ClusterBuilder, NodeBuilder, PodBuilder, cluster, node, pod};

fn fragmentation() -> Profile {
    profile("fragmentation", 0)
}

/// So many pods of one kind, each alone on a node that nobody is asked about: what the mix is learned from.
fn lesson(count: usize, kind: &dyn Fn(PodBuilder) -> PodBuilder) -> Vec<PodBuilder> {
    (0..count).map(|number| kind(pod(&format!("past-{number}"))).on("elsewhere")).collect()
}

/// The nodes, and what was asked for in the past.
fn after(past: Vec<PodBuilder>, nodes: impl IntoIterator<Item = NodeBuilder>) -> ClusterBuilder {
    cluster().nodes(nodes).pods(past)
}

#[test]
fn a_small_pod_leaves_the_whole_node_to_those_who_need_it() {
    let past = lesson(4, &|pod| pod.gpus(8).cpu("8"));
    let cluster = after(past, ["broken", "whole"].map(|name| node(name).gpus(8)))
        .pod(pod("first").gpus(1).cpu("1").on("broken"));
    assert_eq!(winner(&cluster, &pod("p").gpus(1).cpu("1"), &fragmentation()), "broken");
}

#[test]
fn a_pod_without_gpus_goes_where_cpu_feeds_no_gpu() {
    let past = lesson(8, &|pod| pod.gpus(1).cpu("8"));
    let nodes = [node("full").gpus(8).cpu("64"), node("idle").gpus(8).cpu("64")];
    let cluster = after(past, nodes).pod(pod("all").gpus(8).cpu("8").on("full"));
    assert_eq!(winner(&cluster, &pod("p").cpu("16"), &fragmentation()), "full");
}

#[test]
fn gpus_that_others_insist_on_are_left_to_them() {
    let nodes = || {
        [("a", "NVIDIA-A100-SXM4-80GB"), ("h", "NVIDIA-H100-80GB-HBM3")]
            .map(|(name, model)| node(name).gpus(8).model(model))
    };
    let picky = after(lesson(20, &|pod| pod.gpus(1).cpu("1").models("H100")), nodes());
    assert_eq!(winner(&picky, &pod("p").gpus(1).cpu("1"), &fragmentation()), "a");
    let easy = after(lesson(20, &|pod| pod.gpus(1).cpu("1")), nodes());
    assert_eq!(points_of(&easy, &pod("p").gpus(1).cpu("1"), &fragmentation()), [10, 10]);
}

#[test]
fn an_empty_cluster_teaches_nothing_and_all_nodes_are_alike() {
    let cluster = cluster().nodes(["a", "b"].map(|name| node(name).gpus(8)));
    assert_eq!(points_of(&cluster, &pod("p").gpus(1), &fragmentation()), [10, 10]);
}

#[test]
fn the_explanation_has_the_four_terms_in_thousandths_of_a_gpu() {
    let past = lesson(4, &|pod| pod.gpus(8).cpu("8"));
    let snapshot = after(past, [node("whole").gpus(8)]).snapshot();
    let request = pod("p").gpus(1).cpu("1").request();
    let explanation = explain(&snapshot, &request, &fragmentation(), &super::everyone(&snapshot));
    let parts: Vec<(&str, f64)> =
        explanation.nodes[0].parts.iter().map(|part| (part.name.as_str(), part.value)).collect();
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["devices-milli-gpu", "cpu-milli-gpu", "slots-milli-gpu", "models-milli-gpu"]);
    // One of eight GPUs goes, and with it most of the only slot: seven eighths of one, squared, are left of it.
    assert_eq!(parts[2], ("slots-milli-gpu", f64::from(-8000 * (1000 - 766) / 1000)));
    assert_eq!(parts[3].1, 0.0);
}

#[test]
fn a_scorer_chooses_a_node_that_prioritize_scores_highest() {
    let nodes = (0..70).map(|number| node(&format!("n{number}")).gpus(1 + number % 8));
    let held = (0..40)
        .map(|number| pod(&format!("h{number}")).gpus(1).cpu("4").on(&format!("n{}", number * 7 % 70)));
    let snapshot = cluster().nodes(nodes).pods(held).snapshot();
    for strategy in gpulse::placement::STRATEGIES {
        let profile = std::sync::Arc::new(profile(strategy.name, 0));
        let request = pod("p").gpus(2).cpu("2").request();
        let fitting: Vec<Candidate<'_>> = super::everyone(&snapshot)
            .into_iter()
            .filter(|candidate| candidate.node(&snapshot).unwrap().facts().pools[0].capacity >= 3)
            .collect();
        let order: Vec<_> = fitting.iter().filter_map(|candidate| candidate.slot).collect();
        let ranks = gpulse::placement::prioritize(&snapshot, &request, &profile, &fitting);
        let best = ranks.iter().map(|rank| rank.strategy).max().unwrap();
        let chosen = Scorer::new(profile).choose(&snapshot, &request, &order).unwrap();
        let first = ranks.iter().position(|rank| rank.strategy == best).unwrap();
        assert_eq!(chosen.slot, order[first], "{}", strategy.name);
    }
}
