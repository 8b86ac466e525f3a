//! Where the feeds meet: nodes and pods from Kubernetes, devices from telemetry.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::gpu::{FreshnessPolicy, Gpu};
use super::mix::Census;
use super::model::Model;
use super::node::{Node, NodeFacts};
use super::pod::{BoundPod, Hold, PodKey};
use super::snapshot::{NodeTable, Slot, Snapshot};
use super::units::Timestamp;

/// The devices of each node, by node name: what one refresh of telemetry brings.
pub type Samples = HashMap<Arc<str>, Arc<[Gpu]>>;

/// The feeds' latest words, and the snapshot table that follows from them. Pure: no feed is named, none is waited for.
#[derive(Debug, Default)]
pub struct Assembly {
    facts: HashMap<Arc<str>, Arc<NodeFacts>>,
    pods: HashMap<PodKey, Arc<BoundPod>>,
    pods_on: HashMap<Arc<str>, BTreeMap<PodKey, Arc<BoundPod>>>,
    samples: Samples,
    census: Census,
    models: HashSet<Model>,
    resources: HashSet<Arc<str>>,
    changed: BTreeSet<Arc<str>>,
    table: NodeTable,
    free_slots: Vec<Slot>,
}

impl Assembly {
    /// Adds a node or replaces what was known of it.
    pub fn apply_node(&mut self, mut facts: NodeFacts) {
        let name = facts.name.clone();
        if self.facts.get(&name).is_some_and(|known| **known == facts) {
            return;
        }
        facts.model = facts.model.map(|model| shared(&mut self.models, model));
        for pool in &mut facts.pools {
            pool.resource = shared(&mut self.resources, pool.resource.clone());
        }
        self.facts.insert(name.clone(), Arc::new(facts));
        self.changed.insert(name);
    }

    /// Removes a node. Its pods stay known until they are deleted themselves.
    pub fn delete_node(&mut self, name: &str) {
        if let Some((name, _)) = self.facts.remove_entry(name) {
            self.changed.insert(name);
        }
    }

    /// Adds a pod that takes up room, or replaces what was known of it. The node need not be known yet.
    pub fn apply_pod(&mut self, pod: BoundPod) {
        if self.pods.get(&pod.request.key).is_some_and(|known| **known == pod) {
            return;
        }
        self.delete_pod(&pod.request.key.clone());
        if pod.hold == Hold::Bound {
            self.census.add(&pod.request);
        }
        let pod = Arc::new(pod);
        self.pods.insert(pod.request.key.clone(), pod.clone());
        self.changed.insert(pod.node.clone());
        self.pods_on.entry(pod.node.clone()).or_default().insert(pod.request.key.clone(), pod);
    }

    /// Removes a pod that takes up room no more.
    pub fn delete_pod(&mut self, key: &PodKey) {
        let Some(pod) = self.pods.remove(key) else { return };
        if pod.hold == Hold::Bound {
            self.census.remove(&pod.request);
        }
        if let Some(pods) = self.pods_on.get_mut(&pod.node) {
            pods.remove(key);
            if pods.is_empty() {
                self.pods_on.remove(&pod.node);
            }
        }
        self.changed.insert(pod.node.clone());
    }

    /// Replaces all measurements by those of a newer refresh.
    pub fn apply_samples(&mut self, samples: Samples) {
        let before = std::mem::replace(&mut self.samples, samples);
        let differs = |name: &&Arc<str>| before.get(*name) != self.samples.get(*name);
        let names: BTreeSet<Arc<str>> =
            before.keys().chain(self.samples.keys()).filter(differs).cloned().collect();
        self.changed.extend(names);
    }

    /// The nodes known now.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<NodeFacts>> {
        self.facts.values()
    }

    /// The pod of this key, where it takes up room.
    #[must_use]
    pub fn pod(&self, key: &PodKey) -> Option<&Arc<BoundPod>> {
        self.pods.get(key)
    }

    /// The pods known now that take up room.
    pub fn pods(&self) -> impl Iterator<Item = &Arc<BoundPod>> {
        self.pods.values()
    }

    /// Rebuilds the nodes that changed since the last call and returns the snapshot of them all.
    pub fn snapshot(&mut self, as_of: Timestamp, freshness: FreshnessPolicy) -> Snapshot {
        Snapshot { as_of, freshness, nodes: Arc::new(self.publish()) }
    }

    fn publish(&mut self) -> NodeTable {
        for name in std::mem::take(&mut self.changed) {
            match self.facts.get(&name).cloned() {
                Some(facts) => {
                    let pods = self.pods_on.get(&name).map(|pods| pods.values().cloned().collect());
                    let gpus = self.samples.get(&name).cloned().unwrap_or_else(|| Arc::new([]));
                    let node = Node::assemble(facts, pods.unwrap_or_default(), gpus);
                    let slot = self.slot(&name);
                    self.table.put(slot, Some(Arc::new(node)));
                }
                None => self.vacate(&name),
            }
        }
        if let Some(mix) = self.census.newer_mix() {
            self.table.mix = mix;
        }
        self.table.clone()
    }

    /// The node's slot; a new node takes a vacated one or the next.
    fn slot(&mut self, name: &Arc<str>) -> Slot {
        if let Some(slot) = self.table.names.slot(name) {
            return slot;
        }
        let next = Slot(self.table.names.len() as u32);
        let slot = self.free_slots.pop().unwrap_or(next);
        Arc::make_mut(&mut self.table.names).insert(name, slot);
        slot
    }

    fn vacate(&mut self, name: &str) {
        if self.table.names.slot(name).is_some()
            && let Some(slot) = Arc::make_mut(&mut self.table.names).remove(name)
        {
            self.table.put(slot, None);
            self.free_slots.push(slot);
        }
    }
}

/// The value as other nodes have it already: what thousands share stays in the processor's cache.
fn shared<T: Clone + Eq + Hash>(known: &mut HashSet<T>, value: T) -> T {
    if let Some(known) = known.get(&value) {
        return known.clone();
    }
    known.insert(value.clone());
    value
}

/// The one place where snapshots are swapped: feeds write through [`Board::update`], decisions read
/// [`Board::snapshot`] and never wait for a writer.
#[derive(Debug)]
pub struct Board {
    assembly: Mutex<Assembly>,
    published: ArcSwap<NodeTable>,
    freshness: FreshnessPolicy,
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new(freshness: FreshnessPolicy) -> Self {
        Self { assembly: Mutex::default(), published: ArcSwap::default(), freshness }
    }

    /// Changes the feeds' words and publishes what follows from them.
    pub fn update<T>(&self, change: impl FnOnce(&mut Assembly) -> T) -> T {
        let mut assembly = self.lock();
        let result = change(&mut assembly);
        self.published.store(Arc::new(assembly.publish()));
        result
    }

    /// Looks at the feeds' latest words.
    pub fn read<T>(&self, look: impl FnOnce(&Assembly) -> T) -> T {
        look(&self.lock())
    }

    /// The cluster as last published, with ages counted to `now`.
    #[must_use]
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        Snapshot { as_of: now, freshness: self.freshness, nodes: self.published.load_full() }
    }

    fn lock(&self) -> MutexGuard<'_, Assembly> {
        // A panic in `change` leaves the assembly between two words of a feed, each of which is complete in itself.
        self.assembly.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
