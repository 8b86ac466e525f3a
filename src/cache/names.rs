//! One copy of each name that many objects share.

use std::collections::HashSet;
use std::sync::Arc;

/// Names in use. Those that nobody uses any more are swept out whenever the set has doubled since the last sweep, so
/// that it stays within twice of what is in use.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashSet<Arc<str>>,
    sweep_at: usize,
}

impl Names {
    /// Replaces `name` by the copy that others use.
    pub(super) fn share(&mut self, name: &mut Arc<str>) {
        if let Some(known) = self.known.get(name) {
            *name = known.clone();
            return;
        }
        if self.known.len() >= self.sweep_at {
            self.known.retain(|name| Arc::strong_count(name) > 1);
            self.sweep_at = self.known.len().saturating_mul(2).max(1024);
        }
        self.known.insert(name.clone());
    }
}
