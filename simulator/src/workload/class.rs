//! Pods that ask for the same.

use std::collections::HashMap;
use std::sync::Arc;

use super::GPU_NAME;
use super::cluster::Cluster;
use crate::cluster::{GpuDemand, Model, ModelPattern, PodKey, PodRequest, Wish};
use crate::input::PodRow;

/// Which class of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub(super) u32);

/// Which shape of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(pub(super) u32);

impl ClassId {
    /// The place in [`Workload::classes`](super::Workload::classes).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ShapeId {
    /// The place in [`Workload::shapes`](super::Workload::shapes).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Pods that ask for the same.
#[derive(Debug, Clone)]
pub struct Class {
    /// What each of them asks for.
    pub request: PodRequest,
    /// The same, memory apart.
    pub shape: ShapeId,
    /// GPUs asked for, in thousandths of one.
    pub gpu_milli: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
}

impl Class {
    /// GPUs asked for, in thousandths of one, whether or not any node offers them.
    #[must_use]
    pub fn asked_milli(&self) -> u64 {
        self.request.gpus.iter().map(|demand| u64::from(demand.count) * demand.share.0).sum()
    }
}

/// What the fragmentation measure and the paper's policies see of a pod: all but its memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// CPU in thousandths.
    pub cpu_milli: u32,
    /// How many GPUs; zero for a pod without.
    pub gpus: u32,
    /// How much of each, in thousandths.
    pub share_milli: u16,
    /// Both as placement knows them; `None` for a pod without.
    pub demand: Option<GpuDemand>,
    /// By the number of the model, whether the pod accepts it.
    pub accepts: Vec<bool>,
    /// How many pods of the table have it.
    pub pods: u64,
}

impl Shape {
    /// GPUs asked for, in thousandths of one.
    #[must_use]
    pub fn gpu_milli(&self) -> u32 {
        self.gpus * u32::from(self.share_milli)
    }
}

/// The pods of a table, told apart by what they ask for.
#[derive(Debug, Clone, Default)]
pub struct PodTable {
    requests: Vec<PodRequest>,
    counts: Vec<u64>,
    numbers: HashMap<PodRequest, ClassId>,
    pods: Vec<ClassId>,
}

impl PodTable {
    /// Adds a pod; who it is does not matter.
    pub fn add(&mut self, pod: impl Into<PodRequest>) {
        let anonymous = PodRequest { key: PodKey::new("", ""), uid: Arc::default(), ..pod.into() };
        let class = match self.numbers.get(&anonymous) {
            Some(class) => *class,
            None => {
                let class = ClassId(self.requests.len() as u32);
                let key = PodKey::new("simulated", format!("class-{}", class.0));
                self.requests.push(PodRequest { key, ..anonymous.clone() });
                self.counts.push(0);
                self.numbers.insert(anonymous, class);
                class
            }
        };
        self.counts[class.index()] += 1;
        self.pods.push(class);
    }

    /// What the pods ask for, each once.
    pub(super) fn requests(&self) -> impl Iterator<Item = &PodRequest> {
        self.requests.iter()
    }

    /// What the pods ask for, and how many do.
    pub(super) fn counted(&self) -> impl Iterator<Item = (&PodRequest, u64)> {
        self.requests.iter().zip(self.counts.iter().copied())
    }

    /// The classes and shapes for this cluster, and the pods.
    pub(super) fn resolve(self, cluster: &Cluster) -> (Vec<Class>, Vec<Shape>, Vec<ClassId>) {
        let mut shapes: Vec<Shape> = Vec::new();
        let mut numbers: HashMap<Wish, ShapeId> = HashMap::new();
        let mut classes = Vec::new();
        for (request, pods) in self.counted() {
            let shape = *numbers.entry(Wish::of(request)).or_insert_with(|| {
                shapes.push(shape(request, cluster));
                ShapeId((shapes.len() - 1) as u32)
            });
            shapes[shape.index()].pods += pods;
            let gpu_milli = |demand: &GpuDemand| u64::from(demand.count) * cluster.share(demand).0;
            classes.push(Class {
                request: request.clone(),
                shape,
                gpu_milli: request.gpus.iter().map(gpu_milli).sum(),
                memory_mib: request.memory.0,
            });
        }
        (classes, shapes, self.pods)
    }
}

/// A shape that no pod has yet.
fn shape(request: &PodRequest, cluster: &Cluster) -> Shape {
    let demand = request.gpus.first();
    let accepts = |model: &Option<Model>| {
        let accepted = |model: &Model| request.models.iter().any(|pattern| pattern.accepts(model));
        demand.is_none() || request.models.is_empty() || model.as_ref().is_some_and(accepted)
    };
    Shape {
        cpu_milli: u32::try_from(request.cpu.0).unwrap_or(u32::MAX),
        gpus: demand.map_or(0, |demand| demand.count),
        share_milli: demand.map_or(0, |demand| cluster.share(demand).0 as u16),
        demand: demand.cloned(),
        accepts: cluster.model_names.iter().map(accepts).collect(),
        pods: 0,
    }
}

impl From<PodRow> for PodRequest {
    /// Shares of `nvidia.com/gpu`.
    fn from(row: PodRow) -> Self {
        let demand = (row.gpus > 0).then(|| GpuDemand {
            resource: GPU_NAME.clone(),
            count: row.gpus,
            share: row.share,
        });
        Self {
            key: PodKey::new("default", row.name),
            uid: Arc::default(),
            owner: None,
            priority: 0,
            cpu: row.cpu,
            memory: row.memory,
            gpus: demand.into_iter().collect(),
            // The door lets no name in that is no pattern.
            models: row.models.iter().filter_map(|name| ModelPattern::new(name)).collect(),
            min_gpu_memory: None,
            profile: None,
        }
    }
}
