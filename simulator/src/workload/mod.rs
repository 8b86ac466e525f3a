//! What an experiment works on: a cluster, and the pods that come to it.
//!
//! ```text
//! NodeTable, Snapshot --(cluster)--> Cluster ----+
//!                                                +--> Workload --(arrivals)--> pods in the order they come
//! PodRow, PodRequest --(class)--> Class, Shape --+
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

pub use arrivals::{Arrive, ArriveError, arrivals, in_drawn_order};
pub use class::{Class, ClassId, PodTable, Shape, ShapeId};
pub use cluster::Cluster;
pub(crate) use cluster::{gpus, held_milli};

use crate::cluster::{Slot, Snapshot};

/// The resource that a table's GPUs are offered under: thousandths of a GPU, on the device that the policy chooses.
pub const GPU: &str = "nvidia.com/gpu";

/// The label that a table's zones become.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// The same as placement names it: one string, so that its address settles what is asked for.
static GPU_NAME: LazyLock<Arc<str>> = LazyLock::new(|| GPU.into());

/// A cluster and the pods that come to it.
#[derive(Debug)]
pub struct Workload {
    /// The cluster before the first pod comes.
    pub snapshot: Snapshot,
    /// Its nodes, in their order.
    pub slots: Vec<Slot>,
    /// By slot, which GPU model the node has: a number that [`Shape::accepts`] knows.
    pub models: Vec<u32>,
    /// What the pods ask for.
    pub classes: Vec<Class>,
    /// What they ask for, memory apart.
    pub shapes: Vec<Shape>,
    /// The pods, in the order of the table.
    pub pods: Vec<ClassId>,
    /// All GPUs, in thousandths of one. A MIG instance counts as a GPU.
    pub capacity_milli: u64,
    /// What pods hold of them that were there before the first one comes.
    pub held_milli: u64,
    /// Models that pods name and no node has, with the number of pods that name them.
    pub unknown_models: BTreeMap<String, u64>,
    /// GPU resources that pods ask for and no node offers, with the number of pods.
    pub unknown_resources: BTreeMap<String, u64>,
    /// What of it the FGD paper's policies cannot see, if anything: then only gpulse's own strategies can be asked.
    pub beyond_paper: Option<String>,
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
    /// Joins the cluster and the pods.
    ///
    /// # Errors
    /// Where there is no GPU, or nobody asks for one.
    pub fn new(cluster: impl Into<Cluster>, pods: PodTable) -> Result<Self, WorkloadError> {
        let workload = Self::of(cluster, pods);
        if workload.capacity_milli == 0 {
            return Err(WorkloadError::NoGpu);
        }
        if workload.shapes.iter().all(|shape| shape.gpus == 0) {
            return Err(WorkloadError::NoGpuPod);
        }
        Ok(workload)
    }

    /// Joins the cluster and the pods, also where there are no GPUs, or nobody asks for one.
    #[must_use]
    pub fn of(cluster: impl Into<Cluster>, pods: PodTable) -> Self {
        let cluster = cluster.into();
        let capacity_milli = cluster.capacity_milli();
        let held_milli = cluster.held_milli();
        let unknown_models = cluster.unknown_models(&pods);
        let unknown_resources = cluster.unknown_resources(&pods);
        let beyond_paper = cluster.beyond_paper(pods.requests());
        let (classes, shapes, pods) = pods.resolve(&cluster);
        Self {
            snapshot: cluster.snapshot,
            slots: cluster.slots,
            models: cluster.models,
            classes,
            shapes,
            pods,
            capacity_milli,
            held_milli,
            unknown_models,
            unknown_resources,
            beyond_paper,
        }
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
