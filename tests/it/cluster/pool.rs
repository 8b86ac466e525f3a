//! What a node has to give, and how busy that is.

use std::sync::Arc;

use gpulse::cluster::{Load, LoadBasis, Node, Pool, Source};

use crate::support::{NOW, NodeBuilder, PodBuilder, cluster, gpu, node, pod};

/// A node with its pods.
fn look_at(node: NodeBuilder, pods: impl IntoIterator<Item = PodBuilder>) -> Arc<Node> {
    let name = node.name().to_owned();
    cluster().node(node).pods(pods).look_at(&name)
}

/// The pool of a resource, and its free units.
fn pool<'a>(node: &'a Node, resource: &str) -> (&'a Pool, u32) {
    let (facts, pool) = node.pool(resource).unwrap();
    (pool, pool.free(facts))
}

fn free(node: NodeBuilder, pods: impl IntoIterator<Item = PodBuilder>) -> u32 {
    pool(&look_at(node, pods), "nvidia.com/gpu").1
}

fn load(node: NodeBuilder, pods: impl IntoIterator<Item = PodBuilder>) -> Option<Load> {
    pool(&look_at(node, pods), "nvidia.com/gpu").0.load
}

/// Percentages of the devices on offer and of all.
fn percent(load: Option<Load>) -> (u16, u16) {
    let load = load.unwrap();
    (load.offered.get() / 10, load.all.get() / 10)
}

#[test]
fn what_is_bound_is_not_free() {
    let pods = || [pod("p").gpus(3).on("a"), pod("q").gpus(2).on("a").phase("Running"), pod("r").on("a")];
    assert_eq!(free(node("a").gpus(8), pods()), 3);
    let node = look_at(node("a").gpus(8), pods());
    assert_eq!((pool(&node, "nvidia.com/gpu").0.allocated, node.pods().len()), (5, 3));
}

#[test]
fn more_bound_than_there_is_leaves_nothing_free() {
    assert_eq!(free(node("a").gpus(2), [pod("p").gpus(8).on("a")]), 0);
    assert_eq!(free(node("a").gpus(8).allocatable("nvidia.com/gpu", 0), [pod("p").gpus(8).on("a")]), 0);
}

#[test]
fn cpu_and_memory_bound_are_summed() {
    let pods = [pod("p").cpu("1").memory("1Gi").on("a"), pod("q").cpu("500m").memory("1Mi").on("a")];
    let nominated = pod("r").cpu("9").memory("9Gi").nominated("a");
    let node = look_at(node("a"), pods.into_iter().chain([nominated]));
    assert_eq!((node.cpu_used().0, node.memory_used().0), (1500, 1025));
}

#[test]
fn each_mig_profile_is_its_own_pool() {
    let mig = node("a").mig("1g.10gb", 4).mig("3g.40gb", 1).measured([
        gpu(0).mig(1, "1g.10gb").busy(80),
        gpu(0).mig(2, "3g.40gb").busy(10),
        gpu(0).busy(45),
    ]);
    let node = look_at(mig, [pod("p").asks("nvidia.com/mig-1g.10gb", 3).on("a")]);
    let (small, free_small) = pool(&node, "nvidia.com/mig-1g.10gb");
    let (large, free_large) = pool(&node, "nvidia.com/mig-3g.40gb");
    assert_eq!((free_small, free_large), (1, 1));
    assert_eq!((small.load.unwrap().all.get(), large.load.unwrap().all.get()), (800, 100));
    assert!(node.pool("nvidia.com/gpu").is_none());
}

#[test]
fn under_mig_strategy_single_the_instances_are_the_devices_and_their_parent_is_not() {
    let devices = [gpu(0).busy(50), gpu(0).mig(1, "1g.10gb").busy(100), gpu(0).mig(2, "1g.10gb").busy(0)];
    let load = load(node("a").gpus(2).measured(devices), []).unwrap();
    assert_eq!((load.all.get(), load.coverage.get()), (500, 1000));
}

#[test]
fn a_sick_gpu_is_not_free() {
    let sick = |index| gpu(index).busy(0).sick(79);
    assert_eq!(free(node("a").gpus(2).measured([sick(0), gpu(1).busy(50)]), []), 1);
    assert_eq!(free(node("a").gpus(2).measured([sick(0), sick(1)]), []), 0);
    let shared = node("a").shared_gpus(2, 4).measured([sick(0), gpu(1)]);
    assert_eq!(free(shared, [pod("p").gpus(1).on("a")]), 3, "all its shares go with it");
}

#[test]
fn a_device_that_the_plugin_withdrew_and_telemetry_calls_sick_is_lost_once() {
    let withdrawn = || node("a").gpus(8).allocatable("nvidia.com/gpu", 7);
    assert_eq!(free(withdrawn(), []), 7);
    assert_eq!(free(withdrawn().measured([gpu(0).sick(79)]), []), 7);
    assert_eq!(free(withdrawn().measured([gpu(0).sick(79), gpu(1).sick(48)]), []), 6);
}

#[test]
fn a_sick_gpu_says_nothing_about_the_load() {
    let devices = [gpu(0).busy(100).sick(79), gpu(1).busy(20)];
    assert_eq!(percent(load(node("a").gpus(2).measured(devices), [])), (20, 20));
    assert_eq!(load(node("a").gpus(1).measured([gpu(0).busy(100).sick(79)]), []), None);
}

#[test]
fn nothing_measured_is_no_load_at_all() {
    assert_eq!(load(node("a").gpus(8), []), None);
    assert_eq!(load(node("a").gpus(2).measured([gpu(0), gpu(1)]), []), None, "present and not measured");
}

#[test]
fn on_an_empty_node_every_device_is_on_offer() {
    let load = load(node("a").gpus(4).busy(&[10, 20, 30, 40]), []).unwrap();
    assert_eq!((percent(Some(load)), load.basis), ((25, 25), LoadBasis::Counts));
}

#[test]
fn where_holders_are_known_the_free_devices_are_on_offer() {
    let devices =
        || [gpu(0).busy(10).held_by("p"), gpu(1).busy(90), gpu(2).busy(70), gpu(3).busy(20).held_by("p")];
    let known = load(node("a").gpus(4).measured(devices()), [pod("p").gpus(2).on("a")]).unwrap();
    assert_eq!((percent(Some(known)), known.basis), ((80, 47), LoadBasis::Holders));
    let late = load(node("a").gpus(4).measured(devices()), [pod("p").gpus(3).on("a")]).unwrap();
    assert_eq!(late.basis, LoadBasis::Counts, "holders that do not add up are not believed");
}

#[test]
fn where_only_counts_are_known_the_busiest_are_taken_to_be_held() {
    let busy = || node("a").gpus(4).busy(&[0, 90, 10, 80]);
    let pods = |count| (count > 0).then(|| pod("p").gpus(count).on("a"));
    let offered = [0, 1, 2, 3, 4].map(|count| percent(load(busy(), pods(count))).0);
    assert_eq!(offered, [45, 30, 5, 0, 45], "with none left, the mean of all");
}

#[test]
fn of_shared_gpus_those_with_the_fewest_shares_taken_are_on_offer() {
    let shared = || node("a").shared_gpus(4, 10).busy(&[0, 90, 10, 80]);
    let pods = |count| (count > 0).then(|| pod("p").gpus(count).on("a"));
    let offered = [0, 1, 3, 4, 5, 39].map(|count| percent(load(shared(), pods(count))).0);
    assert_eq!(offered, [45, 30, 0, 45, 30, 0]);
    let held = shared().measured([gpu(0).busy(0).held_by("p"), gpu(1).busy(90)]);
    assert_eq!(
        load(held, pods(1)).unwrap().basis,
        LoadBasis::Counts,
        "one holder of several is not the whole story"
    );
}

#[test]
fn a_load_tells_what_it_rests_on() {
    let devices = [
        gpu(0).busy(50).source(Source::SmActive),
        gpu(1).busy(50).source(Source::GpuUtil).seconds_old(60),
        gpu(2),
    ];
    let load = load(node("a").gpus(8).measured(devices), []).unwrap();
    assert_eq!(load.coverage.get(), 250, "two of eight");
    assert_eq!(load.source, Source::GpuUtil, "the weakest");
    assert_eq!(load.sampled_at.0, NOW.0 - 30_000, "the mean");
}

#[test]
fn what_is_left_of_each_device_follows_from_how_the_plugin_gives_units() {
    let gaps = |node: NodeBuilder, taken: u32| {
        let held = (taken > 0).then(|| pod("held").gpus(taken).on("a"));
        pool(&look_at(node, held), "nvidia.com/gpu").0.gaps.to_vec()
    };
    assert_eq!(gaps(node("a").gpus(4), 0), [1000; 4]);
    assert_eq!(gaps(node("a").gpus(4), 3), [0, 0, 0, 1000]);
    assert_eq!(gaps(node("a").gpus(4).measured([gpu(0).sick(79)]), 1), [0, 1000, 1000, 0], "one is sick");
    assert_eq!(gaps(node("a").shared_gpus(4, 10), 6), [800, 800, 900, 900], "shares are spread evenly");
    let odd = node("a").gpus(4).label("nvidia.com/gpu.replicas", u64::MAX);
    assert_eq!(gaps(odd, 0), [0], "a label that cannot be true leaves one device and no panic");
    assert_eq!(gaps(node("a").gpus(1_000_000), 0).len(), 1024, "a claim of a million is not believed");
}
