//! Placements tried out are what they would be in truth.

use gpulse::cluster::{Pool, Rehearsal};

use crate::support::{NodeBuilder, PodBuilder, cluster, node, pod};

/// The pools of the node with the pods bound one after the other, of which the last leaves again; and as they would be
/// in truth.
fn both(of: NodeBuilder, pods: &[PodBuilder]) -> [Vec<Pool>; 2] {
    let name = of.name().to_owned();
    let before = cluster().node(of.clone()).snapshot();
    let (mut rehearsal, slot) = (Rehearsal::of(&before), before.slot(&name).unwrap());
    for pod in pods {
        rehearsal.bind(slot, &pod.request(), &[]);
    }
    if let Some(last) = pods.last() {
        rehearsal.release(slot, &last.request(), &[]);
    }
    let rehearsed = rehearsal.snapshot().at(slot).unwrap().clone();
    let staying = pods[..pods.len() - 1].iter().map(|pod| pod.clone().on(&name));
    let truth = cluster().node(of).pods(staying).look_at(&name);
    [rehearsed, truth].map(|node| node.pools().map(|(_, pool)| pool.clone()).collect())
}

#[test]
fn devices_that_the_plugin_hands_out_are_counted_as_in_truth() {
    let ask = |name: &str, gpus: u32| pod(name).gpus(gpus);
    let pods = [ask("p", 1), ask("q", 2), ask("r", 1), ask("s", 3)];
    for of in [node("a").gpus(8), node("a").shared_gpus(2, 4)] {
        let [rehearsed, truth] = both(of, &pods);
        assert_eq!(rehearsed, truth);
    }
    let mig = |name: &str| pod(name).asks("nvidia.com/mig-1g.10gb", 1);
    let [rehearsed, truth] = both(node("a").mig("1g.10gb", 4), &[mig("p"), mig("q"), mig("r")]);
    assert_eq!(rehearsed, truth);
}
