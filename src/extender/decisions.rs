//! The decisions taken lately.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::record::{Decision, Draft};
use super::recorder::Recorders;
use crate::cluster::PodKey;

/// How many decisions are remembered at most.
pub const MAX_DECISIONS: usize = 1000;

/// How much memory they may take together, in bytes. Eight MiB hold some 100,000 candidates: 20 calls with 5,000 nodes,
/// 200 with 500.
pub const MAX_BYTES: usize = 8 << 20;

/// How many candidates may wait in drafts: as many as the ring has room for.
const MAX_DRAFTED_CANDIDATES: usize = 100_000;

/// A ring of decisions: the oldest make room for the newest.
///
/// A new one waits as a draft until somebody settles it: whoever reads, or the task that [`Decisions::drafted`] wakes.
/// Requests never do: in a burst that outruns the task, drafts that the ring would forget at once are forgotten unsettled.
#[derive(Debug, Default)]
pub struct Decisions {
    drafts: Mutex<Drafts>,
    ring: Mutex<Ring>,
    drafted: Notify,
    pub(super) recorders: Recorders,
}

#[derive(Debug, Default)]
struct Drafts {
    waiting: VecDeque<Draft>,
    candidates: usize,
    /// Forgotten unsettled.
    forgotten: u64,
}

#[derive(Debug, Default)]
struct Ring {
    decisions: VecDeque<Arc<Decision>>,
    bytes: usize,
}

impl Decisions {
    /// Remembers a decision.
    pub(super) fn push(&self, draft: Draft) {
        let mut drafts = lock(&self.drafts);
        drafts.push(draft);
        drop(drafts);
        self.drafted.notify_one();
    }

    /// Waits until there is a draft to settle.
    pub async fn drafted(&self) {
        self.drafted.notified().await;
    }

    /// Copies the figures of drafts and lets go of the snapshots that they hold.
    pub fn settle(&self) {
        // The ring is locked first, so that drafts enter it in their order whoever settles them.
        let mut ring = lock(&self.ring);
        let drafts = std::mem::take(&mut *lock(&self.drafts));
        if drafts.forgotten > 0 {
            self.recorders.lost(drafts.forgotten);
        }
        for draft in drafts.waiting {
            self.recorders.note(|| draft.recorded());
            ring.push(draft.settle());
        }
    }

    /// The newest decisions that match, newest first.
    #[must_use]
    pub fn recent(&self, limit: usize, matching: impl Fn(&Decision) -> bool) -> Vec<Arc<Decision>> {
        let all: Vec<Arc<Decision>> = self.settled().decisions.iter().cloned().collect();
        all.into_iter().rev().filter(|decision| matching(decision)).take(limit).collect()
    }

    /// The last word on a pod: its newest decision, and where that is a ranking also the filter call before it.
    #[must_use]
    pub fn last(&self, pod: &PodKey, profile: Option<&str>) -> Vec<Arc<Decision>> {
        let of_pod = |decision: &Decision| {
            decision.pod == *pod && profile.is_none_or(|name| *decision.profile.name == *name)
        };
        let mut newest = self.recent(usize::MAX, of_pod);
        let same_pod = newest.iter().take_while(|decision| decision.uid == newest[0].uid).count();
        newest.truncate(same_pod);
        let filter = newest.iter().position(|decision| decision.verb == super::Verb::Filter);
        newest.truncate(filter.map_or(1, |place| place + 1));
        // Between two filter calls a pod is ranked once at most; of several rankings only the newest stands.
        if newest.len() > 2 {
            newest.drain(1..newest.len() - 1);
        }
        newest
    }

    /// How many decisions are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.settled().decisions.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that they take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.settled().bytes
    }

    fn settled(&self) -> MutexGuard<'_, Ring> {
        self.settle();
        lock(&self.ring)
    }
}

impl Drafts {
    fn push(&mut self, draft: Draft) {
        self.candidates += draft.candidates();
        self.waiting.push_back(draft);
        let too_many = |drafts: &Self| {
            let wide = drafts.candidates > MAX_DRAFTED_CANDIDATES && drafts.waiting.len() > 1;
            wide || drafts.waiting.len() > MAX_DECISIONS
        };
        while too_many(self) {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.candidates -= oldest.candidates();
            self.forgotten += 1;
        }
    }
}

impl Ring {
    /// One that alone is larger than the bound is not kept.
    fn push(&mut self, decision: Decision) {
        self.bytes += decision.bytes();
        self.decisions.push_back(Arc::new(decision));
        while self.bytes > MAX_BYTES || self.decisions.len() > MAX_DECISIONS {
            let Some(oldest) = self.decisions.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Both tables are whole between any two of their operations, so a panic elsewhere does not spoil them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
