//! The runs of an experiment: each policy on each seed.

use std::time::Duration;

use crate::policy::Choice;

/// One of the runs.
#[derive(Debug, Clone, Copy)]
pub struct RunId {
    /// The policy.
    pub policy: Choice,
    /// The seed.
    pub seed: u64,
}

/// A run and what came of it.
#[derive(Debug, Clone)]
pub struct Finished<T> {
    /// Which run.
    pub id: RunId,
    /// What came of it.
    pub outcome: T,
    /// How long it took: for people, and another time each time.
    pub took: Duration,
}

impl RunId {
    /// Each policy with each seed, by policy and then by seed.
    pub(crate) fn each(policies: &[Choice], seeds: &[u64]) -> impl Iterator<Item = Self> {
        policies.iter().flat_map(|policy| seeds.iter().map(|seed| Self { policy: *policy, seed: *seed }))
    }
}
