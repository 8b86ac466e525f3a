//! Pods that ask for the same.

use std::collections::HashMap;
use std::sync::Arc;

use super::GPU_NAME;
use crate::cluster::{GpuDemand, Model, ModelPattern, PodKey, PodRequest};
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
#[derive(Debug, Default)]
pub struct PodTable {
    rows: Vec<PodRow>,
    counts: Vec<u64>,
    numbers: HashMap<PodRow, ClassId>,
    pods: Vec<ClassId>,
}

impl PodTable {
    /// Adds a pod.
    pub fn add(&mut self, row: PodRow) {
        let class = match self.numbers.get(&row) {
            Some(class) => *class,
            None => {
                let class = ClassId(self.rows.len() as u32);
                self.rows.push(row.clone());
                self.counts.push(0);
                self.numbers.insert(row, class);
                class
            }
        };
        self.counts[class.index()] += 1;
        self.pods.push(class);
    }

    /// What the pods ask for, each once.
    pub(super) fn classes(&self) -> impl Iterator<Item = &PodRow> {
        self.rows.iter()
    }

    /// What the pods ask for, and how many do.
    pub(super) fn counted(&self) -> impl Iterator<Item = (&PodRow, u64)> {
        self.rows.iter().zip(self.counts.iter().copied())
    }

    /// The classes and shapes for a cluster with these models, and the pods.
    pub(super) fn resolve(self, models: &[Option<Model>]) -> (Vec<Class>, Vec<Shape>, Vec<ClassId>) {
        let mut shapes: Vec<Shape> = Vec::new();
        let mut numbers: HashMap<PodRow, ShapeId> = HashMap::new();
        let mut classes = Vec::new();
        for (row, pods) in self.counted() {
            let mut memoryless = row.clone();
            memoryless.memory.0 = 0;
            let shape = *numbers.entry(memoryless).or_insert_with(|| {
                shapes.push(shape(row, models));
                ShapeId((shapes.len() - 1) as u32)
            });
            shapes[shape.index()].pods += pods;
            classes.push(Class {
                request: request(row, classes.len()),
                shape,
                gpu_milli: u64::from(row.gpus) * row.share.0,
                memory_mib: row.memory.0,
            });
        }
        (classes, shapes, self.pods)
    }
}

/// The models of a row as placement knows them. The door lets no name in that is no pattern.
fn patterns(row: &PodRow) -> Vec<ModelPattern> {
    row.models.iter().filter_map(|name| ModelPattern::new(name)).collect()
}

/// A shape that no pod has yet.
fn shape(row: &PodRow, models: &[Option<Model>]) -> Shape {
    let patterns = patterns(row);
    let accepts = |model: &Option<Model>| {
        row.gpus == 0
            || patterns.is_empty()
            || model.as_ref().is_some_and(|model| patterns.iter().any(|pattern| pattern.accepts(model)))
    };
    Shape {
        cpu_milli: row.cpu.0 as u32,
        gpus: row.gpus,
        share_milli: row.share.0 as u16,
        demand: demand(row),
        accepts: models.iter().map(accepts).collect(),
        pods: 0,
    }
}

fn demand(row: &PodRow) -> Option<GpuDemand> {
    (row.gpus > 0).then(|| GpuDemand { resource: GPU_NAME.clone(), count: row.gpus, share: row.share })
}

fn request(row: &PodRow, number: usize) -> PodRequest {
    PodRequest {
        key: PodKey::new("simulated", format!("class-{number}")),
        uid: Arc::from(""),
        owner: None,
        priority: 0,
        cpu: row.cpu,
        memory: row.memory,
        gpus: demand(row).into_iter().collect(),
        models: patterns(row),
        min_gpu_memory: None,
        profile: None,
    }
}
