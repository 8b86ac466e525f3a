//! The decision with a memory: what was found of a node for a class of pods holds until that node changes.
//!
//! [`filter`](super::filter) and [`prioritize`](super::prioritize) look at every candidate anew. Between two pods of
//! one Job a node or two have changed, and the answer for all others is known. A [`Scorer`] answers the same, in time
//! that goes by what changed.

mod changes;
mod choice;
mod class;
mod column;
mod marks;
mod memory;
mod names;
mod quotes;
mod states;
mod trade;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

pub use choice::Choice;
use memory::{Memory, Recollection};

use super::blend::{self, Judged};
use super::strategy::{Scoring, random};
use super::utilization::{Clock, Gauge};
use super::{Candidate, Inquiry, Profile, Ranked, Score, Verdict, prioritize, verdict};
use crate::cluster::{Node, PodRequest, Slot, Snapshot};

/// How many classes of pods are remembered unless said otherwise; at 5,000 nodes each takes 240 kB.
const MAX_CLASSES: usize = 16;

/// Decides by one profile, and remembers.
#[derive(Debug)]
pub struct Scorer {
    profile: Arc<Profile>,
    max_classes: usize,
    memory: Mutex<Memory>,
}

impl Scorer {
    /// A scorer that has seen nothing yet.
    #[must_use]
    pub fn new(profile: Arc<Profile>) -> Self {
        Self { profile, max_classes: MAX_CLASSES, memory: Mutex::default() }
    }

    /// With room for so many classes of pods, at least one.
    #[must_use]
    pub fn remembering(self, max_classes: usize) -> Self {
        Self { max_classes: max_classes.max(1), ..self }
    }

    /// What it decides by.
    #[must_use]
    pub fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    /// What [`filter`](super::filter) says.
    #[must_use]
    pub fn filter(
        &self,
        snapshot: &Snapshot,
        pod: &PodRequest,
        candidates: &[Candidate<'_>],
    ) -> Vec<Verdict> {
        let inquiry = Inquiry { snapshot, pod, profile: &self.profile, market: None };
        let Some(mut memory) = self.memory() else {
            return super::filter(snapshot, pod, &self.profile, candidates);
        };
        let verdicts = &mut memory.of_class(&inquiry, self.max_classes).verdicts;
        verdicts.next_turn(snapshot);
        let find = |node: &Node| Verdict::of(&inquiry, node);
        let judge = |candidate: &Candidate<'_>| match candidate.slot {
            Some(slot) => *verdicts.recall(snapshot, slot, find),
            None => verdict(&inquiry, candidate),
        };
        candidates.iter().map(judge).collect()
    }

    /// What [`prioritize`](super::prioritize) says.
    #[must_use]
    pub fn prioritize(
        &self,
        snapshot: &Snapshot,
        pod: &PodRequest,
        candidates: &[Candidate<'_>],
    ) -> Vec<Ranked> {
        let inquiry = Inquiry { snapshot, pod, profile: &self.profile, market: None };
        // The measurements of several pools are weighed by their ages, so that their mean is another each time.
        let lasting = pod.gpus.len() <= 1;
        let Some(mut memory) = self.memory().filter(|_| lasting) else {
            return prioritize(snapshot, pod, &self.profile, candidates);
        };
        let Memory { classes, names, trade, .. } = memory.following(&inquiry, self.max_classes);
        let Recollection { findings, offered, .. } = &mut *classes[0];
        findings.next_turn(snapshot);
        let clock = Clock::of(snapshot);
        let mut found = |candidate: &Candidate<'_>| match candidate.slot {
            Some(slot) => Some(*findings.recall(snapshot, slot, |node| Finding::of(&inquiry, node))),
            None => Some(Finding::of(&inquiry, candidate.unseen?)),
        };
        let judged = |found: Finding, strategy| Judged { strategy, reading: found.gauge.read(&clock) };
        let rows = candidates.iter();
        // One loop for each way of scoring: over thousands of candidates none should carry the others' work.
        match self.profile.strategy.scoring {
            Scoring::Class(_) => {
                let judge = |row| found(row).map(|found| judged(found, found.strategy));
                blend::rank(&self.profile, rows.map(judge))
            }
            Scoring::Draw(seed) => {
                let seed = seed(&inquiry);
                let judge = |row: &Candidate<'_>| {
                    let name = match row.slot {
                        Some(slot) => names.hash(slot),
                        None => row.unseen?.name_hash(),
                    };
                    Some(judged(found(row)?, Score::from_ratio(random::draw(seed, name))))
                };
                blend::rank(&self.profile, rows.map(judge))
            }
            Scoring::Market(_) => {
                let market = trade.market();
                offered.next_turn(market, trade.states());
                let mut score = |slot: Slot| {
                    let (state, node) = (trade.state(slot)?, snapshot.at(slot)?);
                    Some(
                        offered
                            .score(market, state, || market.offers_at(trade.states().site(state), node, pod)),
                    )
                };
                let judge = |row: &Candidate<'_>| {
                    let score = match row.slot {
                        Some(slot) => score(slot)?,
                        None => market.score(&market.offers(row.unseen?, pod)),
                    };
                    Some(judged(found(row)?, score))
                };
                blend::rank(&self.profile, rows.map(judge))
            }
        }
    }

    /// `None` while another request has it: to decide anew is faster than to wait.
    fn memory(&self) -> Option<MutexGuard<'_, Memory>> {
        match self.memory.try_lock() {
            Ok(memory) => Some(memory),
            // Each row is written in one piece, so a panic elsewhere does not spoil them.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn memory_now(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What holds of a node for a class of pods, however much time passes.
#[derive(Debug, Clone, Copy, Default)]
struct Finding {
    strategy: Score,
    gauge: Gauge,
}

impl Finding {
    fn of(inquiry: &Inquiry<'_>, node: &Node) -> Self {
        Self {
            strategy: strategy(inquiry, node),
            gauge: inquiry
                .pod
                .gpus
                .first()
                .map_or(Gauge::default(), |demand| Gauge::of(inquiry.profile, demand, node)),
        }
    }
}

fn strategy(inquiry: &Inquiry<'_>, node: &Node) -> Score {
    inquiry.profile.strategy.score(inquiry, node, &mut |_, _| {})
}
