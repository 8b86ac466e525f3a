//! What is different between two pictures of a cluster, and the picture that follows from one difference after the other.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::assembly::{Assembly, Samples};
use super::gpu::FreshnessPolicy;
use super::mix::Mix;
use super::pod::PodKey;
use super::saved::SavedNode;
use super::snapshot::{BLOCK, Slot, Snapshot};
use super::units::Timestamp;

/// What is different between two snapshots of one lineage: the nodes that are new or not the same, those that are gone,
/// and the mix of pods where it was learned anew.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    freshness: FreshnessPolicy,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<SavedNode>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gone: Vec<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mix: Option<Arc<Mix>>,
}

impl Change {
    /// From `before`, or from nothing, to `after`.
    #[must_use]
    pub fn between(before: Option<&Snapshot>, after: &Snapshot) -> Self {
        let before = before.filter(|before| before.lineage() == after.lineage());
        let blocks = before.map_or(0, Snapshot::block_count).max(after.block_count());
        let differs = |block: &usize| {
            before.is_none_or(|before| before.block_version(*block) != after.block_version(*block))
        };
        let slots = (0..blocks).filter(differs).flat_map(|block| block * BLOCK..(block + 1) * BLOCK);
        let (mut nodes, mut gone) = (Vec::new(), Vec::new());
        for slot in slots.map(|slot| Slot(slot as u32)) {
            let (old, new) = (before.and_then(|before| before.at(slot)), after.at(slot));
            if let Some(old) = old
                && after.node(old.name()).is_none()
            {
                gone.push(old.name().clone());
            }
            let same = |new| old.is_some_and(|old| Arc::ptr_eq(old, new));
            nodes.extend(new.filter(|new| !same(new)).map(|new| SavedNode::of(new)));
        }
        nodes.sort_by(|a, b| a.facts.name.cmp(&b.facts.name));
        let same_mix = before.is_some_and(|before| Arc::ptr_eq(before.mix(), after.mix()));
        let mix = (!same_mix).then(|| after.mix().clone());
        Self { freshness: after.freshness, nodes, gone, mix }
    }

    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.gone.is_empty() && self.mix.is_none()
    }
}

/// A cluster that follows another one, change by change.
#[derive(Debug)]
pub struct Replica {
    assembly: Assembly,
    samples: Samples,
    snapshot: Snapshot,
}

impl Default for Replica {
    /// Of nothing.
    fn default() -> Self {
        let snapshot = Snapshot::empty(Timestamp(0));
        Self { assembly: Assembly::default(), samples: Samples::default(), snapshot }
    }
}

impl Replica {
    /// Takes the next change.
    pub fn apply(&mut self, change: Change) {
        let changed: HashSet<&Arc<str>> =
            change.nodes.iter().map(|node| &node.facts.name).chain(&change.gone).collect();
        // All pods of all nodes that changed first: one may have moved from one of them to another.
        let nodes = changed.iter().filter_map(|name| self.snapshot.node(name));
        let left: Vec<PodKey> =
            nodes.flat_map(|node| node.pods()).map(|pod| pod.request.key.clone()).collect();
        left.iter().for_each(|pod| self.assembly.delete_pod(pod));
        for name in &change.gone {
            self.assembly.delete_node(name);
            self.samples.remove(name);
        }
        for node in change.nodes {
            self.samples.insert(node.facts.name.clone(), node.gpus);
            self.assembly.apply_node(node.facts);
            node.pods.into_iter().for_each(|pod| self.assembly.apply_pod(Arc::unwrap_or_clone(pod)));
        }
        self.assembly.apply_samples(self.samples.clone());
        let mix = change.mix.unwrap_or_else(|| self.snapshot.mix().clone());
        self.snapshot = self.assembly.snapshot(self.snapshot.as_of, change.freshness);
        Arc::make_mut(&mut self.snapshot.nodes).mix = mix;
    }

    /// The cluster as it stands, with ages counted to this moment.
    #[must_use]
    pub fn snapshot(&self, as_of: Timestamp) -> Snapshot {
        Snapshot { as_of, ..self.snapshot.clone() }
    }
}
