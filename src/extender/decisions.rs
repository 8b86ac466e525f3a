//! The decisions taken lately.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::record::Decision;
use crate::cluster::PodKey;

/// How many decisions are remembered at most.
pub const MAX_DECISIONS: usize = 1000;

/// How much memory they may take together, in bytes. Eight MiB hold some 100,000 candidates: 20 calls with 5,000 nodes,
/// 200 with 500.
pub const MAX_BYTES: usize = 8 << 20;

/// A ring of decisions: the oldest make room for the newest.
#[derive(Debug, Default)]
pub struct Decisions {
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    decisions: VecDeque<Arc<Decision>>,
    bytes: usize,
}

impl Decisions {
    /// Remembers a decision. One that alone is larger than the bound is not kept.
    pub fn push(&self, decision: Decision) {
        let decision = Arc::new(decision);
        let mut forgotten = Vec::new();
        let mut ring = self.lock();
        ring.bytes += decision.bytes();
        ring.decisions.push_back(decision);
        while ring.bytes > MAX_BYTES || ring.decisions.len() > MAX_DECISIONS {
            let Some(oldest) = ring.decisions.pop_front() else { break };
            ring.bytes -= oldest.bytes();
            forgotten.push(oldest);
        }
        // What is forgotten is freed outside of the lock.
        drop(ring);
    }

    /// The newest decisions, newest first.
    #[must_use]
    pub fn recent(&self, limit: usize, matching: impl Fn(&Decision) -> bool) -> Vec<Arc<Decision>> {
        let all: Vec<Arc<Decision>> = self.lock().decisions.iter().cloned().collect();
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
        self.lock().decisions.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that they take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // The ring is whole between any two of its operations, so a panic elsewhere does not spoil it.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
