//! Policies as the file writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::values::{LabelKey, ModelName, ProfileName, Share, StrategyName, Weight};
use crate::cluster::ModelPattern;
use crate::placement::{
    AffinityRules, LabelPreference, OwnerRule, Profile, ResourceWeights, UtilizationRules, strategy,
};

/// A policy: which strategy, and how much live utilization counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileSection {
    /// Its name, for `/profiles/NAME/` and the annotation `gpulse.dev/profile`.
    pub name: ProfileName,
    /// What it prefers.
    pub strategy: StrategyName,
    /// How live utilization counts.
    #[serde(default)]
    pub utilization: UtilizationSection,
    /// Scores closer than this are equal, so that noise does not decide.
    #[serde(default = "standard_deadband")]
    pub deadband: Share,
    /// What the strategy `random` draws from: the same seed draws the same.
    #[serde(default)]
    pub seed: u64,
    /// What `binpack` and `worst-fit` measure fullness by.
    #[serde(default)]
    pub fullness: FullnessSection,
    /// What the strategy `affinity` looks for.
    #[serde(default)]
    pub affinity: AffinitySection,
}

/// How live utilization counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UtilizationSection {
    /// Its share of the score where measurements are fresh; the strategy has the rest. 0 places by allocation alone.
    pub weight: Share,
    /// The utilization of shared GPUs, and of a node's GPUs together, that packing strategies like best.
    pub target: Share,
}

/// What fullness is measured by; only the proportions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FullnessSection {
    /// The GPU resource that the pod asks for.
    pub gpu: Weight,
    /// CPU.
    pub cpu: Weight,
    /// Memory.
    pub memory: Weight,
}

/// What affinity looks for. A rule of weight 0 is off; only the weights' proportions count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AffinitySection {
    /// The GPU model.
    pub model: ModelSection,
    /// The smallest GPU memory that suffices.
    pub memory: MemorySection,
    /// Labels that speak for a node.
    pub labels: Vec<LabelSection>,
    /// The other pods of the same owner.
    pub owner: OwnerSection,
}

/// Which GPU models come first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ModelSection {
    /// Models, best first. A pod's own list, by the annotation `gpulse.dev/gpu-models`, comes before it.
    pub ranking: Vec<ModelName>,
    /// How much it counts.
    pub weight: Weight,
}

/// How much it counts that no GPU memory is left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MemorySection {
    /// How much it counts.
    pub weight: Weight,
}

/// A label that speaks for a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSection {
    /// The label.
    pub key: LabelKey,
    /// Its value; null: any.
    #[serde(default)]
    pub value: Option<String>,
    /// How much it counts.
    pub weight: Weight,
}

/// What the other pods of the same owner mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OwnerSection {
    /// `near`: the more of them on a node the better; `far`: the fewer.
    pub rule: OwnerWord,
    /// How much it counts.
    pub weight: Weight,
}

/// Near to the owner's other pods, or far from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub enum OwnerWord {
    /// The more the better.
    #[default]
    Near,
    /// The fewer the better.
    Far,
}

impl Default for UtilizationSection {
    fn default() -> Self {
        let UtilizationRules { weight, target } = UtilizationRules::default();
        Self { weight: Share(weight), target: Share(target) }
    }
}

impl Default for FullnessSection {
    fn default() -> Self {
        let ResourceWeights { gpu, cpu, memory } = ResourceWeights::default();
        Self { gpu: Weight(gpu), cpu: Weight(cpu), memory: Weight(memory) }
    }
}

fn standard_deadband() -> Share {
    Share(Profile::standard("default").deadband)
}

impl ProfileSection {
    /// The policy that gpulse has where the file names none.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            name: ProfileName::standard(),
            strategy: StrategyName(Profile::standard("default").strategy),
            utilization: UtilizationSection::default(),
            deadband: standard_deadband(),
            seed: 0,
            fullness: FullnessSection::default(),
            affinity: AffinitySection::default(),
        }
    }

    /// The policy as decisions read it. `key` is where the section stands in the file.
    pub(super) fn resolve(&self, key: &str) -> Result<Profile, ConfigError> {
        self.check_affinity(key)?;
        let fullness = self.fullness;
        if [fullness.gpu, fullness.cpu, fullness.memory].iter().all(|weight| weight.0 == 0) {
            let key = format!("{key}.fullness");
            return Err(ConfigError::at(
                key,
                "all weights are 0; at least one of gpu, cpu and memory must count",
            ));
        }
        Ok(Profile {
            name: self.name.as_str().into(),
            strategy: self.strategy.0,
            utilization: UtilizationRules {
                weight: self.utilization.weight.0,
                target: self.utilization.target.0,
            },
            deadband: self.deadband.0,
            seed: self.seed,
            resources: ResourceWeights {
                gpu: fullness.gpu.0,
                cpu: fullness.cpu.0,
                memory: fullness.memory.0,
            },
            affinity: self.affinity.rules(),
        })
    }

    /// Affinity rules without the strategy, or the strategy without rules, are a mistake that nobody would see.
    fn check_affinity(&self, key: &str) -> Result<(), ConfigError> {
        let name = self.strategy.0.name;
        let is_affinity = name == strategy::affinity::STRATEGY.name;
        if is_affinity && !self.affinity.has_weight() {
            let text =
                "the strategy affinity has no rule with a weight; give model, memory, labels or owner one";
            return Err(ConfigError::at(format!("{key}.affinity"), text));
        }
        if !is_affinity && self.affinity != AffinitySection::default() {
            let text = format!("these rules have no effect with the strategy {name}; set strategy: affinity");
            return Err(ConfigError::at(format!("{key}.affinity"), text));
        }
        Ok(())
    }

    /// The node labels that the policy reads.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.affinity.labels.iter().map(|label| label.key.as_str())
    }
}

impl AffinitySection {
    fn has_weight(&self) -> bool {
        let rules = [self.model.weight, self.memory.weight, self.owner.weight];
        rules.into_iter().chain(self.labels.iter().map(|label| label.weight)).any(|weight| weight.0 > 0)
    }

    fn rules(&self) -> AffinityRules {
        let preference = |label: &LabelSection| LabelPreference {
            key: label.key.as_str().into(),
            value: label.value.as_deref().map(Into::into),
            weight: label.weight.0,
        };
        AffinityRules {
            models: self.model.ranking.iter().filter_map(|model| ModelPattern::new(model.as_str())).collect(),
            model_weight: self.model.weight.0,
            memory_weight: self.memory.weight.0,
            labels: self.labels.iter().map(preference).collect(),
            owner: match self.owner.rule {
                OwnerWord::Near => OwnerRule::Near,
                OwnerWord::Far => OwnerRule::Far,
            },
            owner_weight: self.owner.weight.0,
        }
    }
}
