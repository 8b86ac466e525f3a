//! The runs of an experiment: each policy on each seed, and parts of them.

mod shard;

use std::time::Duration;

pub use shard::{Shard, ShardError, ShardIndex, ShardIndexError};

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
    /// Each policy with each seed, by policy and then by seed, as far as the shard has them.
    pub(crate) fn each(policies: &[Choice], seeds: &[u64], shard: Shard) -> Vec<Self> {
        let of = |policy: Choice| seeds.iter().map(move |seed| Self { policy, seed: *seed });
        let all = policies.iter().copied().flat_map(of).enumerate();
        all.filter(|(number, _)| shard.has(*number)).map(|(_, id)| id).collect()
    }
}
