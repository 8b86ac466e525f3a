//! From what others write to snapshots and traces.

mod kubectl;

pub use kubectl::{Chosen, Imported, from_list};

use crate::cluster::{Assembly, BoundPod, Snapshot};

/// The snapshot without the pods that are not wanted in it.
fn keeping(snapshot: &Snapshot, wanted: impl Fn(&BoundPod) -> bool) -> Snapshot {
    let mut assembly = Assembly::default();
    for node in snapshot.nodes() {
        assembly.apply_node(node.facts().clone());
        let pods = node.pods().iter().filter(|pod| wanted(pod));
        pods.for_each(|pod| assembly.apply_pod((**pod).clone()));
    }
    assembly.snapshot(snapshot.as_of, snapshot.freshness)
}
