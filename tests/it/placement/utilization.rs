//! What live utilization does to the ranks.

use gpulse::placement::{Profile, STRATEGIES};

use super::{points_of, profile, ranks, winner};
use crate::support::{ClusterBuilder, NodeBuilder, cluster, gpu, node, pod};

/// A profile in which only utilization and fullness speak: the draw of `random` would drown the rest.
fn each_strategy(utilization_percent: u16) -> impl Iterator<Item = Profile> {
    let steady = STRATEGIES.iter().filter(|strategy| strategy.name != "random");
    steady.map(move |strategy| profile(strategy.name, utilization_percent))
}

fn evenly(name: &str, percent: u16) -> NodeBuilder {
    node(name).gpus(4).busy(&[percent; 4])
}

#[test]
fn of_equal_nodes_the_one_idle_by_measurement_wins_and_with_weight_zero_it_does_not() {
    let cluster = cluster().nodes([evenly("a", 90), evenly("b", 3), evenly("c", 60)]);
    for profile in each_strategy(50) {
        assert_eq!(winner(&cluster, &pod("p").gpus(1), &profile), "b", "{}", profile.strategy.name);
    }
    for profile in each_strategy(0) {
        assert_eq!(points_of(&cluster, &pod("p").gpus(1), &profile), [10; 3], "{}", profile.strategy.name);
    }
}

#[test]
fn load_on_the_gpus_a_pod_may_get_counts_before_load_on_those_already_taken() {
    let pods =
        (0..2).flat_map(|n| [pod(&format!("a{n}")).gpus(1).on("a"), pod(&format!("b{n}")).gpus(1).on("b")]);
    // Node a: its pods work hard, its free GPUs are idle. Node b: its pods idle, but someone uses its free GPUs.
    let a = node("a").gpus(4).measured([
        gpu(0).busy(95).held_by("a0"),
        gpu(1).busy(95).held_by("a1"),
        gpu(2).busy(0),
        gpu(3).busy(0),
    ]);
    let b = node("b").gpus(4).measured([
        gpu(0).busy(0).held_by("b0"),
        gpu(1).busy(0).held_by("b1"),
        gpu(2).busy(60),
        gpu(3).busy(60),
    ]);
    let cluster = cluster().nodes([a, b]).pods(pods);
    for profile in each_strategy(50) {
        assert_eq!(winner(&cluster, &pod("p").gpus(1), &profile), "a", "{}", profile.strategy.name);
    }
}

#[test]
fn packing_likes_shared_gpus_close_to_the_target() {
    let shared = |name: &str, percent| node(name).shared_gpus(4, 4).busy(&[percent; 4]);
    let cluster = cluster().nodes([shared("a", 10), shared("b", 78), shared("c", 99)]);
    assert_eq!(winner(&cluster, &pod("p").gpus(1), &profile("binpack", 80)), "b");
    assert_eq!(winner(&cluster, &pod("p").gpus(1), &profile("worst-fit", 80)), "a");
}

#[test]
fn a_node_without_samples_is_neither_preferred_nor_rejected() {
    let cluster =
        cluster().nodes([evenly("busy", 90), node("dark").gpus(4), evenly("idle", 0), evenly("some", 40)]);
    for profile in each_strategy(50) {
        let [busy, dark, idle, _] = points_of(&cluster, &pod("p").gpus(1), &profile)[..] else { panic!() };
        assert!(busy < dark && dark < idle, "{}: {busy} < {dark} < {idle}", profile.strategy.name);
    }
}

#[test]
fn without_any_measurement_the_strategy_decides_alone() {
    let measured = |nodes: [NodeBuilder; 3]| -> ClusterBuilder {
        cluster().nodes(nodes).pods([pod("x").gpus(1).on("a"), pod("y").gpus(3).on("b")])
    };
    let dark = measured(["a", "b", "c"].map(|name| node(name).gpus(4)));
    let expired = measured(["a", "b", "c"].map(|name| {
        node(name).gpus(4).measured((0..4).map(|index| gpu(index).busy(20 * index as u16).seconds_old(300)))
    }));
    for strategy in STRATEGIES {
        let alone = points_of(&dark, &pod("p").gpus(1), &profile(strategy.name, 0));
        for cluster in [&dark, &expired] {
            assert_eq!(points_of(cluster, &pod("p").gpus(1), &profile(strategy.name, 100)), alone);
        }
    }
}

#[test]
fn the_older_the_samples_the_less_they_count_and_never_at_once() {
    let aged = |seconds| {
        cluster().nodes([("a", 90), ("b", 0)].map(|(name, percent)| {
            node(name).gpus(2).measured((0..2).map(|index| gpu(index).busy(percent).seconds_old(seconds)))
        }))
    };
    let profile = profile("worst-fit", 50);
    let gap = |seconds| {
        let ranks = ranks(&aged(seconds), &pod("p").gpus(1), &profile);
        ranks[1].combined.millionths() - ranks[0].combined.millionths()
    };
    assert_eq!(gap(90), gap(0), "fresh is fresh");
    let fading: Vec<u32> = (90..=300).step_by(10).map(gap).collect();
    assert!(fading.is_sorted_by(|older, newer| older >= newer), "{fading:?}");
    assert!(fading.windows(2).all(|pair| pair[0] - pair[1] < gap(0) / 10), "no cliff: {fading:?}");
    assert_eq!(fading.last(), Some(&0));
}

#[test]
fn half_a_measured_node_is_half_trusted() {
    let cluster = cluster().nodes([
        evenly("a", 0),
        node("b").gpus(4).measured([gpu(0).busy(0), gpu(1).busy(0), gpu(2), gpu(3)]),
    ]);
    let ranks = ranks(&cluster, &pod("p").gpus(1), &profile("worst-fit", 50));
    let confidence: Vec<u16> = ranks.iter().map(|rank| rank.reading.confidence.get()).collect();
    assert_eq!(confidence, [1000, 500]);
}
