//! The cluster that pods come to: from a table of nodes, or as a snapshot has it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::class::PodTable;
use super::{GPU, GPU_NAME, ZONE};
use crate::cluster::{
    Assembly, FreshnessPolicy, GpuDemand, MilliGpu, Model, Node, NodeFacts, PodRequest, PoolFacts, PoolKind,
    Samples, Slot, Snapshot, Timestamp,
};
use crate::input::{NodeRow, NodeTable};

/// The cluster that pods come to.
#[derive(Debug)]
pub struct Cluster {
    /// Its nodes as they stand.
    pub snapshot: Snapshot,
    /// The nodes in their order: the table's, or by name where they are a snapshot's.
    pub slots: Vec<Slot>,
    /// By slot, the number of the node's GPU model.
    pub(super) models: Vec<u32>,
    /// By number; `None` where nobody says.
    pub(super) model_names: Vec<Option<Model>>,
}

impl From<&NodeTable> for Cluster {
    /// With nothing on it.
    fn from(nodes: &NodeTable) -> Self {
        let mut assembly = Assembly::default();
        nodes.rows.iter().for_each(|row| assembly.apply_node(facts(row)));
        // Nothing is measured, so that no moment is better than another.
        let snapshot = assembly.snapshot(Timestamp(0), FreshnessPolicy::default());
        let slots = nodes.rows.iter().filter_map(|row| snapshot.slot(&row.name)).collect();
        Self::of(snapshot, slots)
    }
}

impl From<Snapshot> for Cluster {
    /// As it stands: what is bound stays bound.
    fn from(snapshot: Snapshot) -> Self {
        let mut names: Vec<_> = snapshot.nodes().map(|node| node.name()).collect();
        names.sort_unstable();
        let slots = names.into_iter().filter_map(|name| snapshot.slot(name)).collect();
        Self::of(snapshot, slots)
    }
}

impl Cluster {
    /// The cluster as if it had none of its nodes.
    #[must_use]
    pub fn without_nodes(&self) -> Self {
        let mut nothing = Assembly::default();
        Self::of(nothing.snapshot(self.snapshot.as_of, self.snapshot.freshness), Vec::new())
    }

    /// The same cluster with more nodes, which stand behind those that it has. A new node takes the place of one that
    /// has its name.
    #[must_use]
    pub fn with_nodes(&self, added: impl IntoIterator<Item = NodeFacts>) -> Self {
        let mut assembly = Assembly::default();
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut samples = Samples::new();
        for node in self.nodes() {
            names.push(node.name().clone());
            samples.insert(node.name().clone(), node.gpus().into());
            assembly.apply_node(node.facts().clone());
            node.pods().iter().for_each(|pod| assembly.apply_pod((**pod).clone()));
        }
        for node in added {
            names.push(node.name.clone());
            assembly.apply_node(node);
        }
        assembly.apply_samples(samples);
        let snapshot = assembly.snapshot(self.snapshot.as_of, self.snapshot.freshness);
        let slots = names.iter().filter_map(|name| snapshot.slot(name)).collect();
        Self::of(snapshot, slots)
    }

    fn of(snapshot: Snapshot, slots: Vec<Slot>) -> Self {
        let mut numbers: HashMap<Option<Model>, u32> = HashMap::new();
        let mut models = vec![0; snapshot.slot_count()];
        let mut model_names = Vec::new();
        for slot in &slots {
            let model = snapshot.at(*slot).and_then(|node| node.model().cloned());
            models[slot.index()] = *numbers.entry(model).or_insert_with_key(|model| {
                model_names.push(model.clone());
                (model_names.len() - 1) as u32
            });
        }
        Self { snapshot, slots, models, model_names }
    }

    fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.slots.iter().filter_map(|slot| self.snapshot.at(*slot))
    }

    /// All GPUs, in thousandths of one. A MIG instance counts as a GPU.
    pub(super) fn capacity_milli(&self) -> u64 {
        self.nodes().map(|node| gpus(node) * MilliGpu::WHOLE.0).sum()
    }

    /// What bound pods hold of them.
    pub(super) fn held_milli(&self) -> u64 {
        self.nodes().map(|node| held_milli(node)).sum()
    }

    /// What each unit of the demand takes: where nodes share their GPUs in different ways, the most. Nothing where no
    /// node offers the resource.
    pub(super) fn share(&self, demand: &GpuDemand) -> MilliGpu {
        let pools = self.nodes().filter_map(|node| node.pool(&demand.resource));
        pools.map(|(facts, _)| facts.kind.share(demand)).max().unwrap_or(MilliGpu(0))
    }

    /// The first thing about nodes or pods that the FGD paper's policies cannot see: they know whole and divisible GPUs
    /// of one resource, and of a pod its CPU, memory, GPUs and models.
    pub(super) fn beyond_paper<'a>(&self, pods: impl Iterator<Item = &'a PodRequest>) -> Option<String> {
        let pool = |node: &Node| {
            let plain = |facts: &PoolFacts| {
                *facts.resource == *GPU && matches!(facts.kind, PoolKind::Whole | PoolKind::Divisible)
            };
            node.pools().find(|(facts, _)| !plain(facts)).map(|(facts, _)| {
                let shared =
                    if *facts.resource == *GPU { " in shares that the device plugin hands out" } else { "" };
                format!("node {} offers {}{shared}", node.name(), facts.resource)
            })
        };
        let pod = |pod: &PodRequest| match pod.gpus.as_slice() {
            [_, _, ..] => Some("a pod asks for several GPU resources".to_owned()),
            [demand] if *demand.resource != *GPU => Some(format!("a pod asks for {}", demand.resource)),
            _ => pod.min_gpu_memory.map(|_| "a pod asks for GPUs with a certain memory".to_owned()),
        };
        self.nodes().find_map(|node| pool(node)).or_else(|| pods.into_iter().find_map(pod))
    }

    /// The models that pods name and no node has, with the number of pods.
    pub(super) fn unknown_models(&self, pods: &PodTable) -> BTreeMap<String, u64> {
        let has = |pattern: &crate::cluster::ModelPattern| {
            self.model_names.iter().flatten().any(|model| pattern.accepts(model))
        };
        let mut unknown = BTreeMap::new();
        for (class, count) in pods.counted() {
            for pattern in class.models.iter().filter(|pattern| !has(pattern)) {
                *unknown.entry(pattern.to_string()).or_default() += count;
            }
        }
        unknown
    }

    /// The GPU resources that pods ask for and no node offers, with the number of pods.
    pub(super) fn unknown_resources(&self, pods: &PodTable) -> BTreeMap<String, u64> {
        let mut unknown = BTreeMap::new();
        for (class, count) in pods.counted() {
            let has = |demand: &GpuDemand| self.nodes().any(|node| node.pool(&demand.resource).is_some());
            for demand in class.gpus.iter().filter(|demand| !has(demand)) {
                *unknown.entry(demand.resource.to_string()).or_default() += count;
            }
        }
        unknown
    }
}

/// What bound pods hold of a node's GPUs, in thousandths of one.
pub(crate) fn held_milli(node: &Node) -> u64 {
    let unit = |kind: &PoolKind| MilliGpu::WHOLE.0 / u64::from(kind.units_per_device());
    node.pools().map(|(facts, pool)| u64::from(pool.allocated) * unit(&facts.kind)).sum()
}

/// A node's GPUs. A MIG instance counts as a GPU.
pub(crate) fn gpus(node: &Node) -> u64 {
    node.pools().map(|(_, pool)| pool.gaps.len() as u64).sum()
}

fn facts(row: &NodeRow) -> NodeFacts {
    let capacity = row.gpus * 1000;
    let pool =
        PoolFacts { resource: GPU_NAME.clone(), kind: PoolKind::Divisible, capacity, allocatable: capacity };
    NodeFacts {
        name: Arc::clone(&row.name),
        cpu: row.cpu,
        memory: row.memory,
        pools: if row.gpus > 0 { vec![pool] } else { Vec::new() },
        model: row.model.as_deref().map(Model::new),
        gpu_memory: None,
        internal_ip: None,
        labels: row.zone.iter().map(|zone| (ZONE.into(), zone.clone())).collect(),
    }
}
