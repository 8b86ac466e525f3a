//! Who chooses the node: the policies of the FGD paper, and gpulse's own strategies through its own decision.
//!
//! The paper's policies are one file and one line in [`PAPER`] each, and exist in simulation only. gpulse's strategies
//! are those of `placement::STRATEGIES`: a new one is here without a line of ours.

mod best_fit;
mod columns;
mod dot_product;
mod fgd;
mod gpu_clustering;
mod gpu_packing;
mod own;
mod random_fit;
mod scored;
mod site;

use crate::cluster::{Devices, Rehearsal, Slot};
use crate::fragmentation::Measure;
use crate::placement::{STRATEGIES, Strategy};
use crate::workload::{ClassId, Workload};

pub(crate) use own::candidates;
pub use site::order;

/// The FGD paper's policies (Weng et al., USENIX ATC 2023, section 6.1), in the order of its figures.
pub static PAPER: &[&Baseline] = &[
    &random_fit::BASELINE,
    &dot_product::BASELINE,
    &gpu_clustering::BASELINE,
    &gpu_packing::BASELINE,
    &best_fit::BASELINE,
    &fgd::BASELINE,
];

/// A policy that exists in simulation only.
#[derive(Debug)]
pub struct Baseline {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name in the paper.
    pub published: &'static str,
    /// What it prefers, in a line.
    pub summary: &'static str,
    build: for<'a> fn(Stage<'a>) -> Box<dyn Policy + 'a>,
}

/// What a policy is built from.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// The cluster and the pods to come.
    pub workload: &'a Workload,
    /// Fragmentation, measured by the workload's typical pods.
    pub measure: &'a Measure,
    /// What the policy draws from, and the order of nodes that breaks its ties.
    pub seed: u64,
}

/// A pod that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// What it asks for.
    pub class: ClassId,
    /// How many came before it.
    pub number: u32,
}

/// Where a pod goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The node.
    pub slot: Slot,
    /// The devices of it; none for a pod without GPUs.
    pub devices: Devices,
}

/// Chooses a node and devices for one pod after the other. It may remember what it has seen: whoever changes the
/// cluster tells it.
pub trait Policy {
    /// The pod has come, whether it will be placed or not. A policy that learns from it may tell the cluster.
    fn comes(&mut self, _cluster: &mut Rehearsal, _pod: Arrival) {}

    /// Where the pod goes; `None` where it fits nowhere.
    fn choose(&mut self, cluster: &Rehearsal, pod: Arrival) -> Option<Place>;

    /// The pod was bound to the node in this slot.
    fn bound(&mut self, cluster: &Rehearsal, pod: Arrival, slot: Slot);

    /// The pod has left the node in this slot.
    fn left(&mut self, cluster: &Rehearsal, pod: Arrival, slot: Slot);
}

/// A policy by its name.
#[derive(Debug, Clone, Copy)]
pub enum Choice {
    /// One of the paper's.
    Paper(&'static Baseline),
    /// One of gpulse's strategies.
    Own(&'static Strategy),
}

impl Choice {
    /// Every policy: the paper's, then gpulse's.
    pub fn all() -> impl Iterator<Item = Self> {
        PAPER.iter().copied().map(Self::Paper).chain(STRATEGIES.iter().copied().map(Self::Own))
    }

    /// The policy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|choice| choice.name() == name)
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper(baseline) => baseline.name,
            Self::Own(strategy) => strategy.name,
        }
    }

    /// What it prefers, in a line.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Paper(baseline) => baseline.summary,
            Self::Own(strategy) => strategy.summary,
        }
    }

    /// The policy, before the first pod.
    #[must_use]
    pub fn build(self, stage: Stage<'_>) -> Box<dyn Policy + '_> {
        match self {
            Self::Paper(baseline) => (baseline.build)(stage),
            Self::Own(strategy) => Box::new(own::Own::new(strategy, stage)),
        }
    }
}
