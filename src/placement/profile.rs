//! A policy: which strategy, and how much live utilization counts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::strategy::{Strategy, binpack};
use crate::cluster::{ModelPattern, PerMille};

/// A named policy. Configuration makes it; decisions read it; a recording has it in full.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// Its name, as URLs and annotations give it.
    pub name: Arc<str>,
    /// What it prefers.
    pub strategy: &'static Strategy,
    /// How live utilization counts.
    #[serde(default)]
    pub utilization: UtilizationRules,
    /// Scores closer than this are equal.
    #[serde(default = "standard_deadband")]
    pub deadband: PerMille,
    /// What `random` draws from.
    #[serde(default)]
    pub seed: u64,
    /// What `binpack` and `worst-fit` measure fullness by.
    #[serde(default)]
    pub resources: ResourceWeights,
    /// What `affinity` looks for.
    #[serde(default)]
    pub affinity: AffinityRules,
}

impl Profile {
    /// The profile that gpulse has without configuration: binpack, half of the score by live utilization.
    #[must_use]
    pub fn standard(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            strategy: &binpack::STRATEGY,
            utilization: UtilizationRules::default(),
            deadband: standard_deadband(),
            seed: 0,
            resources: ResourceWeights::default(),
            affinity: AffinityRules::default(),
        }
    }
}

fn standard_deadband() -> PerMille {
    PerMille::new(20)
}

/// How live utilization counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UtilizationRules {
    /// Its share of the score where measurements are fresh; the strategy has the rest.
    pub weight: PerMille,
    /// The utilization that packing strategies like best.
    pub target: PerMille,
}

impl Default for UtilizationRules {
    fn default() -> Self {
        Self { weight: PerMille::new(500), target: PerMille::new(800) }
    }
}

/// What fullness is measured by; only the proportions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ResourceWeights {
    /// The GPU resource that the pod asks for.
    pub gpu: u32,
    /// CPU.
    pub cpu: u32,
    /// Memory.
    pub memory: u32,
}

impl Default for ResourceWeights {
    /// GPUs decide; CPU and memory break ties.
    fn default() -> Self {
        Self { gpu: 8, cpu: 1, memory: 1 }
    }
}

/// What the affinity strategy looks for. A rule without weight is off; the weights' proportions count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AffinityRules {
    /// GPU models, best first. A pod's own list comes before it.
    pub models: Vec<ModelPattern>,
    /// How much the model counts.
    pub model_weight: u32,
    /// How much the smallest GPU memory that suffices counts.
    pub memory_weight: u32,
    /// Labels that speak for a node.
    pub labels: Vec<LabelPreference>,
    /// Nearness to the pods of the same owner, or distance from them.
    pub owner: OwnerRule,
    /// How much the owner rule counts.
    pub owner_weight: u32,
}

/// A label that speaks for a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelPreference {
    /// The label.
    pub key: Arc<str>,
    /// Its value; `None`: any.
    pub value: Option<Arc<str>>,
    /// How much it counts.
    pub weight: u32,
}

/// What other pods of the same owner on a node mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OwnerRule {
    /// The more the better.
    #[default]
    Near,
    /// The fewer the better.
    Far,
}
