//! From what others write to snapshots and traces.

mod kubectl;

pub use kubectl::{Chosen, Imported, from_list};

use crate::cluster::{Assembly, BoundPod, Snapshot};

/// The snapshot without the nodes and pods that are not wanted in it.
fn keeping(
    snapshot: &Snapshot,
    wants_node: impl Fn(&str) -> bool,
    wanted: impl Fn(&BoundPod) -> bool,
) -> Snapshot {
    let mut assembly = Assembly::default();
    for node in snapshot.nodes().filter(|node| wants_node(node.name())) {
        assembly.apply_node(node.facts().clone());
        let pods = node.pods().iter().filter(|pod| wanted(pod));
        pods.for_each(|pod| assembly.apply_pod((**pod).clone()));
    }
    assembly.snapshot(snapshot.as_of, snapshot.freshness)
}
