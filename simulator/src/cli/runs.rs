//! Many runs on many threads, with progress and an end on request.

use clap::Args;

use super::interrupt::Interrupt;
use super::jobs::Jobs;
use super::progress::Progress;
use super::{Finding, complain};
use crate::runs::RunId;

/// How a command carries out its runs.
#[derive(Debug, Args)]
pub(super) struct Runs {
    #[command(flatten)]
    jobs: Jobs,
}

impl Runs {
    /// Carries out so many runs: `work` is told on how many threads, whether to go on, and whom to tell of each run.
    ///
    /// # Errors
    /// Where signals cannot be listened to.
    pub(super) fn carry_out<T>(
        &self,
        runs: usize,
        work: impl FnOnce(usize, &(dyn Fn() -> bool + Sync), &(dyn Fn(&RunId) + Sync)) -> T,
    ) -> anyhow::Result<T> {
        let interrupt = Interrupt::listen()?;
        let progress = Progress::of_runs(runs);
        let result = work(self.jobs.threads(), &|| !interrupt.asked(), &|_| progress.step());
        progress.finish();
        Ok(result)
    }

    /// Whether all runs were done; says so where they were not.
    pub(super) fn finding(done: usize, runs: usize) -> Finding {
        if done == runs {
            return Finding::Good;
        }
        complain(&format!("partial: {done} of {runs} runs were done"));
        Finding::Negative
    }
}
