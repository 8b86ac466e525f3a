//! Ctrl-C, and SIGTERM likewise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user wants an end. The first signal asks for one, so that what is done can be shown; the second is one.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. Call it once in a process.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let interrupt = Self::default();
        let asked = Arc::clone(&interrupt.0);
        ctrlc::set_handler(move || {
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            super::complain("stopping after the runs under way; once more to stop at once");
        })?;
        Ok(interrupt)
    }

    /// Whether there was a signal.
    pub(super) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
