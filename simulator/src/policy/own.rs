//! gpulse's own strategies, by the very decision that the extender runs: filter, then prioritize.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::site::order;
use super::{Arrival, Place, Policy, Stage};
use crate::cluster::{Mix, Rehearsal, Slot, Snapshot, Wish};
use crate::placement::{Candidate, Profile, Scorer, Strategy};
use crate::workload::Workload;

/// When the mix of pods is learned anew: after 20, 40, 80 and so on up to 1,280 pods, then after each thousand.
const FIRST_LESSON: u64 = 20;
const LAST_DOUBLED: u64 = 1280;
const LESSON_PODS: u64 = 1000;

/// A strategy in a profile without live utilization: nothing is measured here.
///
/// kube-scheduler breaks ties between the best points at random. Here the highest score wins, and the first of equals
/// in the seed's order of nodes, so that a run can be told again.
pub(super) struct Own<'a> {
    workload: &'a Workload,
    order: Vec<Slot>,
    scorer: Scorer,
    lessons: Lessons,
}

impl<'a> Own<'a> {
    pub(super) fn new(strategy: &'static Strategy, stage: Stage<'a>) -> Self {
        let mut profile = Profile::standard(strategy.name);
        profile.strategy = strategy;
        profile.seed = stage.seed;
        let workload = stage.workload;
        let scorer = Scorer::new(Arc::new(profile)).remembering(workload.classes.len());
        Self { workload, order: order(stage), scorer, lessons: Lessons::new(workload) }
    }
}

impl Policy for Own<'_> {
    fn comes(&mut self, cluster: &mut Rehearsal, pod: Arrival) {
        if let Some(mix) = self.lessons.comes(pod, self.workload) {
            cluster.learn(mix);
        }
    }

    fn choose(&mut self, cluster: &Rehearsal, pod: Arrival) -> Option<Place> {
        let mut request = Cow::Borrowed(&self.workload.class(pod.class).request);
        if !self.scorer.profile().strategy.scores_by_class() {
            request.to_mut().uid = format!("pod-{}", pod.number).into();
        }
        let chosen = self.scorer.choose(cluster.snapshot(), &request, &self.order)?;
        Some(Place { slot: chosen.slot, devices: chosen.devices })
    }

    fn bound(&mut self, _cluster: &Rehearsal, _pod: Arrival, _slot: Slot) {}

    fn left(&mut self, _cluster: &Rehearsal, pod: Arrival, _slot: Slot) {
        self.lessons.left(pod);
    }
}

/// What those pods ask for that have come and not left, by class: as a live cluster's mix is learned from its pods, so
/// that those who stay long count for more. Each class counts once from the start: before the first pod all are as
/// likely.
struct Lessons {
    counts: Vec<u64>,
    pods: u64,
    next: u64,
}

impl Lessons {
    fn new(workload: &Workload) -> Self {
        Self { counts: vec![1; workload.classes.len()], pods: 0, next: 0 }
    }

    /// A pod is gone.
    fn left(&mut self, pod: Arrival) {
        let count = &mut self.counts[pod.class.index()];
        *count = count.saturating_sub(1);
    }

    /// Counts a pod; the mix, where it is time to learn it anew.
    fn comes(&mut self, pod: Arrival, workload: &Workload) -> Option<Mix> {
        self.counts[pod.class.index()] += 1;
        self.pods += 1;
        if self.pods < self.next {
            return None;
        }
        self.next = match self.pods {
            pods if pods < FIRST_LESSON => FIRST_LESSON,
            pods if pods < LAST_DOUBLED => pods * 2,
            pods => pods + LESSON_PODS,
        };
        // Pods that were there from the start count as those that have come since.
        let held = workload.snapshot.mix().iter().map(|(wish, count)| (wish.clone(), count));
        let mut counts: HashMap<Wish, u64> = held.collect();
        for (class, count) in workload.classes.iter().zip(&self.counts) {
            *counts.entry(Wish::of(&class.request)).or_default() += count;
        }
        Some(Mix::new(counts))
    }
}

/// The nodes in these slots.
pub(crate) fn candidates<'a>(
    snapshot: &'a Snapshot,
    slots: &'a [Slot],
) -> impl Iterator<Item = Candidate<'a>> {
    let candidate =
        |slot: &Slot| Some(Candidate { name: snapshot.at(*slot)?.name(), slot: Some(*slot), unseen: None });
    slots.iter().filter_map(candidate)
}
