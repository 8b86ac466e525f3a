//! Which part of the runs: for a sweep that is spread over machines.

use clap::Args;

use crate::runs::{Shard, ShardIndex};

/// Which part of its runs a command does.
#[derive(Debug, Args)]
pub(super) struct Sharding {
    /// Do only the i-th of n parts of the runs; `gpulse-sim merge` joins the results.
    #[arg(long, value_name = "i/n", default_value_t)]
    shard: Shard,
    /// The same with i counted from 0, as the completion index of a Kubernetes Job is.
    #[arg(long, value_name = "i/n", conflicts_with = "shard")]
    shard_index: Option<ShardIndex>,
}

impl Sharding {
    /// The part.
    pub(super) fn part(&self) -> Shard {
        self.shard_index.map_or(self.shard, Shard::from)
    }
}
