//! Kinds of GPUs: what a pod may insist on.

use std::sync::Arc;

use crate::cluster::{GpuDemand, Model, Node, PoolFacts, PoolKind, Wish};

/// GPUs that are alike to every pod: of one resource, one model, and shared alike.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kind {
    resource: Arc<str>,
    pool: PoolKind,
    model: Option<Model>,
}

impl Kind {
    pub(super) fn of(node: &Node, facts: &PoolFacts) -> Self {
        Self { resource: facts.resource.clone(), pool: facts.kind.clone(), model: node.model().cloned() }
    }

    /// Whether the node's pool is known to be of this kind without comparing names.
    pub(super) fn is_at_once(&self, node: &Node, facts: &PoolFacts) -> bool {
        let model = match (&self.model, node.model()) {
            (Some(ours), Some(model)) => ours.is(model),
            (ours, model) => ours.is_none() && model.is_none(),
        };
        model && Arc::ptr_eq(&self.resource, &facts.resource) && self.pool == facts.kind
    }

    /// Whether the node's pool is of this kind.
    pub(super) fn has(&self, node: &Node, facts: &PoolFacts) -> bool {
        self.resource == facts.resource && self.pool == facts.kind && self.model.as_ref() == node.model()
    }

    /// Whether a pod with this wish may be given these GPUs.
    pub(super) fn suits(&self, wish: &Wish) -> bool {
        let resource = wish.gpus.as_ref().is_some_and(|demand| demand.resource == self.resource);
        let accepts = |model: &Model| wish.models.iter().any(|pattern| pattern.accepts(model));
        resource && (wish.models.is_empty() || self.model.as_ref().is_some_and(accepts))
    }

    /// What the demand takes of one of these GPUs, in thousandths.
    pub(super) fn share(&self, demand: &GpuDemand) -> u16 {
        self.pool.share(demand).0 as u16
    }
}
