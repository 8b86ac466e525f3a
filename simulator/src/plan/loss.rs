//! Who stays homeless when nodes are lost.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::settle::{Lost, Settled};
use crate::cluster::{PodRequest, Slot};
use crate::placement::Reason;
use crate::workload::Workload;

/// Nodes that are lost together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// What it is called: a node's name, or a label's value.
    pub name: Arc<str>,
    /// Its nodes.
    pub slots: Vec<Slot>,
}

/// What the loss of a domain does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What is lost.
    pub domain: Arc<str>,
    /// Its nodes.
    pub nodes: usize,
    /// Pods that were there.
    pub pods: u64,
    /// Those of them that find no other place.
    pub homeless: u64,
    /// The GPUs that these ask for.
    pub homeless_gpus: u64,
    /// What stops them: the reason that most of the nodes give, with the pods.
    pub refusals: BTreeMap<Reason, u64>,
}

/// Each node for itself, in the cluster's order.
#[must_use]
pub fn by_node(workload: &Workload) -> Vec<Domain> {
    let domain = |slot: &Slot| {
        let name = workload.snapshot.at(*slot)?.name().clone();
        Some(Domain { name, slots: vec![*slot] })
    };
    workload.slots.iter().filter_map(domain).collect()
}

/// The nodes that share a label's value, such as a zone, by that value; and how many nodes do not have the label.
#[must_use]
pub fn by_label(workload: &Workload, label: &str) -> (Vec<Domain>, usize) {
    let mut domains: BTreeMap<Arc<str>, Vec<Slot>> = BTreeMap::new();
    let mut without = 0;
    for slot in &workload.slots {
        match workload.snapshot.at(*slot).and_then(|node| node.facts().labels.get(label)) {
            Some(value) => domains.entry(value.clone()).or_default().push(*slot),
            None => without += 1,
        }
    }
    (domains.into_iter().map(|(name, slots)| Domain { name, slots }).collect(), without)
}

/// Loses each of the domains for itself: its pods come again, the highest priority first and else in the order in which
/// they came, and are placed on what is left.
pub fn losses(settled: &mut Settled, domains: &[Domain]) -> Vec<Loss> {
    let loss = |domain: &Domain| {
        let evacuation = Evacuation::of(settled, &domain.slots);
        let mut refusals: BTreeMap<Reason, u64> = BTreeMap::new();
        for pod in &evacuation.homeless {
            let by_nodes = settled.refusals(pod);
            if let Some((reason, _)) =
                by_nodes.into_iter().max_by_key(|(reason, nodes)| (*nodes, Reverse(*reason)))
            {
                *refusals.entry(reason).or_default() += 1;
            }
        }
        let loss = Loss {
            domain: domain.name.clone(),
            nodes: domain.slots.len(),
            pods: (evacuation.moved.len() + evacuation.homeless.len()) as u64,
            homeless: evacuation.homeless.len() as u64,
            homeless_gpus: evacuation.homeless.iter().map(|pod| u64::from(pod.gpu_count())).sum(),
            refusals,
        };
        evacuation.undo(settled);
        loss
    };
    domains.iter().map(loss).collect()
}

/// Nodes that are gone, and what became of their pods.
pub(super) struct Evacuation {
    lost: Vec<Lost>,
    /// Where their pods went, in this order.
    moved: Vec<Slot>,
    /// Those that went nowhere.
    pub(super) homeless: Vec<Arc<PodRequest>>,
}

impl Evacuation {
    /// Takes these nodes away and places their pods on the others.
    pub(super) fn of(settled: &mut Settled, slots: &[Slot]) -> Self {
        let lost: Vec<Lost> = slots.iter().filter_map(|slot| settled.lose(*slot)).collect();
        let tenants = lost.iter().flat_map(|lost| &lost.tenants);
        let mut pods: Vec<Arc<PodRequest>> = tenants.map(|tenant| tenant.pod.clone()).collect();
        pods.sort_by_key(|pod| Reverse(pod.priority));
        let mut evacuation = Self { lost, moved: Vec::new(), homeless: Vec::new() };
        for pod in pods {
            match settled.place(&pod) {
                Some(slot) => evacuation.moved.push(slot),
                None => evacuation.homeless.push(pod),
            }
        }
        evacuation
    }

    /// Puts everything back.
    pub(super) fn undo(self, settled: &mut Settled) {
        self.moved.iter().rev().for_each(|slot| settled.evict_last(*slot));
        self.lost.into_iter().rev().for_each(|lost| settled.restore(lost));
    }
}
