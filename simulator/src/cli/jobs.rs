//! On how many threads.

use std::num::NonZeroUsize;

use clap::Args;

/// On how many threads a command works.
#[derive(Debug, Args)]
pub(super) struct Jobs {
    /// Threads; as many as there are processors where it is not given. The result does not depend on it.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

impl Jobs {
    /// How many.
    pub(super) fn threads(&self) -> usize {
        self.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}
