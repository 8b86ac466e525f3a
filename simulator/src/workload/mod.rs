//! What an experiment works on: a cluster, and the pods that come to it.
//!
//! ```text
//! NodeRow --(cluster)--> Snapshot ----+
//!                                     +--> Workload --(arrivals)--> pods in the order they come
//! PodRow --(class)--> Class, Shape ---+
//! ```
//!
//! Pods that ask for the same are one [`Class`], and a pod is the number of its class. Policies that look at GPUs and
//! CPU alone see fewer kinds still: the [`Shape`]s.

mod arrivals;
mod class;
mod cluster;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use thiserror::Error;

pub use arrivals::{Arrive, ArriveError, arrivals};
pub use class::{Class, ClassId, PodTable, Shape, ShapeId};

use crate::cluster::{Slot, Snapshot};
use crate::input::NodeTable;

/// The resource that all GPUs are offered under: thousandths of a GPU, on the device that the policy chooses.
pub const GPU: &str = "nvidia.com/gpu";

/// The same as placement names it: one string, so that its address settles what is asked for.
static GPU_NAME: LazyLock<Arc<str>> = LazyLock::new(|| GPU.into());

/// A cluster and the pods that come to it.
#[derive(Debug)]
pub struct Workload {
    /// The cluster with nothing on it.
    pub snapshot: Snapshot,
    /// Its nodes, in the order of the table.
    pub slots: Vec<Slot>,
    /// By slot, which GPU model the node has: a number that [`Shape::accepts`] knows.
    pub models: Vec<u32>,
    /// What the pods ask for.
    pub classes: Vec<Class>,
    /// What they ask for, memory apart.
    pub shapes: Vec<Shape>,
    /// The pods, in the order of the table.
    pub pods: Vec<ClassId>,
    /// All GPUs, in thousandths of one.
    pub capacity_milli: u64,
    /// Models that pods name and no node has, with the number of pods that name them.
    pub unknown_models: BTreeMap<String, u64>,
}

/// Why nodes and pods make no experiment.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WorkloadError {
    /// There is nothing to fill.
    #[error("the nodes have no GPU")]
    NoGpu,
    /// There is nothing to fill it with.
    #[error("no pod asks for a GPU")]
    NoGpuPod,
}

impl Workload {
    /// Joins the tables.
    ///
    /// # Errors
    /// Where there is no GPU, or nobody asks for one.
    pub fn new(nodes: &NodeTable, pods: PodTable) -> Result<Self, WorkloadError> {
        let capacity_milli = nodes.rows.iter().map(|node| u64::from(node.gpus) * 1000).sum();
        if capacity_milli == 0 {
            return Err(WorkloadError::NoGpu);
        }
        if pods.classes().all(|class| class.gpus == 0) {
            return Err(WorkloadError::NoGpuPod);
        }
        let cluster = cluster::Cluster::of(nodes);
        let unknown_models = cluster.unknown_models(&pods);
        let (classes, shapes, pods) = pods.resolve(&cluster.model_names);
        Ok(Self {
            snapshot: cluster.snapshot,
            slots: cluster.slots,
            models: cluster.models,
            classes,
            shapes,
            pods,
            capacity_milli,
            unknown_models,
        })
    }

    /// The class of this number.
    #[must_use]
    pub fn class(&self, class: ClassId) -> &Class {
        &self.classes[class.index()]
    }

    /// The shape of this number.
    #[must_use]
    pub fn shape(&self, shape: ShapeId) -> &Shape {
        &self.shapes[shape.index()]
    }
}
