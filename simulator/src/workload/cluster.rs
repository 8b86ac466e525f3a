//! From the table of nodes to a snapshot.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::GPU_NAME;
use super::class::PodTable;
use crate::cluster::{
    Assembly, FreshnessPolicy, Model, ModelPattern, NodeFacts, PoolFacts, PoolKind, Slot, Snapshot, Timestamp,
};
use crate::input::{NodeRow, NodeTable};

/// The cluster, and its GPU models by number.
pub(super) struct Cluster {
    pub(super) snapshot: Snapshot,
    pub(super) slots: Vec<Slot>,
    /// By slot.
    pub(super) models: Vec<u32>,
    /// By number; `None` where the table does not say.
    pub(super) model_names: Vec<Option<Model>>,
}

impl Cluster {
    pub(super) fn of(nodes: &NodeTable) -> Self {
        let mut assembly = Assembly::default();
        nodes.rows.iter().for_each(|row| assembly.apply_node(facts(row)));
        // Nothing is measured, so that no moment is better than another.
        let snapshot = assembly.snapshot(Timestamp(0), FreshnessPolicy::default());
        let slots: Vec<Slot> = nodes.rows.iter().filter_map(|row| snapshot.slot(&row.name)).collect();
        let mut numbers: HashMap<Option<&str>, u32> = HashMap::new();
        let mut models = vec![0; snapshot.slot_count()];
        let mut model_names = Vec::new();
        for (row, slot) in nodes.rows.iter().zip(&slots) {
            models[slot.index()] = *numbers.entry(row.model.as_deref()).or_insert_with(|| {
                model_names.push(row.model.as_deref().map(Model::new));
                (model_names.len() - 1) as u32
            });
        }
        Self { snapshot, slots, models, model_names }
    }

    /// The models that pods name and no node has, with the number of pods.
    pub(super) fn unknown_models(&self, pods: &PodTable) -> BTreeMap<String, u64> {
        let mut unknown = BTreeMap::new();
        for (class, count) in pods.counted() {
            for name in &class.models {
                let known = ModelPattern::new(name).is_some_and(|pattern| {
                    self.model_names.iter().flatten().any(|model| pattern.accepts(model))
                });
                if !known {
                    *unknown.entry(name.clone()).or_default() += count;
                }
            }
        }
        unknown
    }
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
        labels: BTreeMap::new(),
    }
}
