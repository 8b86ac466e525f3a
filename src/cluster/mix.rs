//! What the pods of a cluster ask for, counted by kind.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::model::ModelPattern;
use super::pod::{GpuDemand, PodRequest};
use super::units::MilliCpu;

/// What a pod asks for, as far as it decides what must be kept free for pods like it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wish {
    /// CPU.
    pub cpu: MilliCpu,
    /// GPUs, of the first resource where a pod asks for several; `None` for a pod without GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<GpuDemand>,
    /// The GPU models that will do; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelPattern>,
}

impl Wish {
    /// Of this pod.
    #[must_use]
    pub fn of(pod: &PodRequest) -> Self {
        Self { cpu: pod.cpu, gpus: pod.gpus.first().cloned(), models: pod.models.clone() }
    }

    /// GPUs asked for; 0 for a pod without.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.gpus.as_ref().map_or(0, |demand| demand.count)
    }

    /// Puts wishes into an order that follows from what they say.
    fn order(&self) -> impl Ord + use<> {
        let gpus = self.gpus.as_ref().map(|demand| (demand.resource.clone(), demand.count, demand.share));
        let models: Vec<String> = self.models.iter().map(ToString::to_string).collect();
        (gpus, self.cpu, models)
    }
}

/// The wishes of many pods, each with how many have it: what the next pods will probably ask for. Always in the same
/// order, whatever order the pods came in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mix(Vec<(Wish, u64)>);

impl Mix {
    /// From wishes with their counts, each wish once.
    #[must_use]
    pub fn new(counts: impl IntoIterator<Item = (Wish, u64)>) -> Self {
        let mut wishes: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        wishes.sort_by_cached_key(|(wish, _)| wish.order());
        Self(wishes)
    }

    /// The wishes and their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&Wish, u64)> {
        self.0.iter().map(|(wish, count)| (wish, *count))
    }
}

/// Counts wishes as pods come and go, and says when the last mix has become too old.
#[derive(Debug, Default)]
pub(super) struct Census {
    counts: HashMap<Wish, u64>,
    pods: u64,
    changes: u64,
}

/// A mix is learned anew when one pod in so many has come or gone.
const DRIFT_SHARE: u64 = 16;

impl Census {
    pub(super) fn add(&mut self, pod: &PodRequest) {
        *self.counts.entry(Wish::of(pod)).or_default() += 1;
        self.pods += 1;
        self.changes += 1;
    }

    pub(super) fn remove(&mut self, pod: &PodRequest) {
        let wish = Wish::of(pod);
        if let Some(count) = self.counts.get_mut(&wish) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&wish);
            }
            self.pods -= 1;
            self.changes += 1;
        }
    }

    /// The mix of now, where the last one has become too old.
    pub(super) fn newer_mix(&mut self) -> Option<Arc<Mix>> {
        if self.changes == 0 || self.changes < self.pods / DRIFT_SHARE {
            return None;
        }
        self.changes = 0;
        Some(Arc::new(Mix::new(self.counts.iter().map(|(wish, count)| (wish.clone(), *count)))))
    }
}
