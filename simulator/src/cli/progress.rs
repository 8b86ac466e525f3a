//! How far long work has come: on a terminal, and nothing in a pipe.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr with the rate and the time that is left. indicatif draws none where stderr is no terminal.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of so many runs.
    pub(super) fn of_runs(runs: usize) -> Self {
        let bar = ProgressBar::new(runs as u64);
        // The template is ours and right; the bar without it would only look plainer.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} runs, {per_sec}, {eta} left")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// One more is done.
    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.0.finish_and_clear();
    }
}
