//! A cluster, and what it would be with more nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::{MilliGpu, Model, NodeFacts, PoolFacts, PoolKind};
use crate::input::{Price, ShapeRow};
use crate::workload::{Cluster, GPU, PodTable, Workload, gpus};

/// A cluster, the pods that are to come to it, and the shapes of nodes that can be bought for it.
#[derive(Debug)]
pub struct Fleet {
    base: Cluster,
    pods: PodTable,
    /// The cluster as it stands, and the pods.
    standing: Workload,
    offers: Vec<Offer>,
    /// What the GPUs of new nodes are: what those of the cluster are.
    kind: PoolKind,
}

/// A shape of nodes that can be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What the catalogue says of it.
    pub shape: ShapeRow,
    /// What one costs to those that choose: its price, or its GPUs where the catalogue has no prices.
    pub cost: u64,
}

/// How many nodes of each offer are bought.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Purchase(pub Vec<u32>);

impl Fleet {
    /// With this catalogue. A column of prices is there for all shapes or for none.
    #[must_use]
    pub fn new(base: Cluster, pods: PodTable, catalogue: Vec<ShapeRow>) -> Self {
        let kind = kind(&base);
        let cost = |shape: &ShapeRow| shape.price.map_or(u64::from(shape.gpus), |Price(price)| price);
        let offers = catalogue.into_iter().map(|shape| Offer { cost: cost(&shape), shape }).collect();
        let standing = Workload::of(base.with_nodes([]), pods.clone());
        Self { base, pods, standing, offers, kind }
    }

    /// What can be bought.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// The cluster as it stands, and the pods that come to it.
    #[must_use]
    pub fn standing(&self) -> &Workload {
        &self.standing
    }

    /// Whether the catalogue has prices.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        self.offers.iter().any(|offer| offer.shape.price.is_some())
    }

    /// Nothing bought.
    #[must_use]
    pub fn nothing(&self) -> Purchase {
        Purchase(vec![0; self.offers.len()])
    }

    /// The cluster with these nodes, and the pods that come to it.
    #[must_use]
    pub fn with(&self, purchase: &Purchase) -> Workload {
        let nodes = self.offers.iter().zip(&purchase.0).flat_map(|(offer, count)| {
            (1..=*count).map(|number| self.node(offer, &format!("new-{}-{number}", offer.shape.name)))
        });
        Workload::of(self.base.with_nodes(nodes), self.pods.clone())
    }

    /// A new node of this offer.
    pub(super) fn node(&self, offer: &Offer, name: &str) -> NodeFacts {
        let ShapeRow { cpu, memory, gpus, model, .. } = &offer.shape;
        let per_gpu = if self.kind == PoolKind::Divisible { MilliGpu::WHOLE.0 as u32 } else { 1 };
        let (capacity, kind) = (gpus * per_gpu, self.kind.clone());
        let pool = PoolFacts { resource: GPU.into(), kind, capacity, allocatable: capacity };
        NodeFacts {
            name: name.into(),
            cpu: *cpu,
            memory: *memory,
            pools: if *gpus > 0 { vec![pool] } else { Vec::new() },
            model: model.as_deref().map(Model::new),
            gpu_memory: None,
            internal_ip: None,
            labels: BTreeMap::new(),
        }
    }

    /// What a purchase costs: the price, or the GPUs where there are no prices.
    #[must_use]
    pub fn cost(&self, purchase: &Purchase) -> u64 {
        self.offers.iter().zip(&purchase.0).map(|(offer, count)| offer.cost * u64::from(*count)).sum()
    }
}

/// What GPUs of new nodes are: divisible where the cluster's are, or where it has no nodes: a whole GPU is one share.
fn kind(base: &Cluster) -> PoolKind {
    let mut pools = base.snapshot.nodes().flat_map(|node| node.pools());
    let is_divisible = pools.any(|(facts, _)| facts.kind == PoolKind::Divisible);
    if is_divisible || base.slots.is_empty() { PoolKind::Divisible } else { PoolKind::Whole }
}

/// The shapes that a cluster's nodes have, as a catalogue without prices: what there is most of comes first. A shape is
/// called after its model and GPUs.
#[must_use]
pub fn shapes_of(cluster: &Cluster) -> Vec<ShapeRow> {
    let mut counts: Vec<(ShapeRow, usize)> = Vec::new();
    for node in cluster.slots.iter().filter_map(|slot| cluster.snapshot.at(*slot)) {
        let gpus = gpus(node) as u32;
        let model = node.model().map(|model| Arc::from(model.to_string()));
        let (cpu, memory) = (node.cpu(), node.memory());
        let shape = ShapeRow { name: Arc::from(""), cpu, memory, gpus, model, price: None };
        match counts.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, count)) => *count += 1,
            None => counts.push((shape, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut shapes: Vec<ShapeRow> = Vec::new();
    for (shape, _) in counts {
        let cores = shape.cpu.0 / 1000;
        let plain = match &shape.model {
            Some(model) => format!("{model}x{}", shape.gpus),
            None if shape.gpus == 0 => format!("cpu{cores}"),
            None => format!("gpux{}", shape.gpus),
        };
        let with_cpu = format!("{plain}-{cores}cpu");
        let with_memory = format!("{with_cpu}-{}gib", shape.memory.0 / 1024);
        let is_free = |name: &&String| shapes.iter().all(|other| *other.name != ***name);
        let name = [&plain, &with_cpu, &with_memory].into_iter().find(is_free).cloned();
        let name = name.unwrap_or_else(|| format!("{with_memory}-{}", shapes.len()));
        shapes.push(ShapeRow { name: name.into(), ..shape });
    }
    shapes
}
