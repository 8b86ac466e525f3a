//! gpulse's own strategies, by the very decision that the extender runs: filter, then prioritize.

use std::sync::Arc;

use super::site::order;
use super::{Arrival, Place, Policy, Stage};
use crate::cluster::{Devices, PerMille, PodRequest, Rehearsal, Slot, Snapshot};
use crate::placement::{Candidate, Profile, Scorer, Strategy, Verdict};
use crate::workload::Workload;

/// A strategy in a profile without live utilization: nothing is measured here.
///
/// kube-scheduler breaks ties between the best points at random. Here the highest score wins, and the first of equals
/// in the seed's order of nodes, so that a run can be told again.
pub(super) struct Own<'a> {
    workload: &'a Workload,
    order: Vec<Slot>,
    /// One for each class: a [`Scorer`] remembers few classes, and here there are hundreds that return.
    scorers: Vec<Scorer>,
    by_class: bool,
}

impl<'a> Own<'a> {
    pub(super) fn new(strategy: &'static Strategy, stage: Stage<'a>) -> Self {
        let mut profile = Profile::standard(strategy.name);
        profile.strategy = strategy;
        profile.utilization.weight = PerMille::new(0);
        profile.seed = stage.seed;
        let profile = Arc::new(profile);
        let scorers = stage.workload.classes.iter().map(|_| Scorer::new(Arc::clone(&profile))).collect();
        Self { workload: stage.workload, order: order(stage), scorers, by_class: strategy.by_class }
    }

    /// The pod as the strategy sees it: one among many, where it tells pods of a class apart.
    fn request(&self, pod: Arrival) -> PodRequest {
        let mut request = self.workload.class(pod.class).request.clone();
        if !self.by_class {
            request.uid = format!("pod-{}", pod.number).into();
        }
        request
    }
}

impl Policy for Own<'_> {
    fn choose(&mut self, cluster: &Rehearsal, pod: Arrival) -> Option<Place> {
        let (snapshot, request) = (cluster.snapshot(), self.request(pod));
        let scorer = &self.scorers[pod.class.index()];
        let everyone: Vec<Candidate<'_>> = candidates(snapshot, &self.order).collect();
        let verdicts = scorer.filter(snapshot, &request, &everyone);
        let fitting: Vec<Candidate<'_>> = everyone
            .into_iter()
            .zip(verdicts)
            .filter_map(|(candidate, verdict)| (verdict == Verdict::Fits).then_some(candidate))
            .collect();
        let ranked = scorer.prioritize(snapshot, &request, &fitting);
        let mut best = None;
        for (candidate, ranked) in fitting.iter().zip(&ranked) {
            if best.is_none_or(|(score, _)| ranked.combined > score) {
                best = Some((ranked.combined, candidate.slot?));
            }
        }
        // No strategy has a say in the device yet: none named means the tightest.
        best.map(|(_, slot)| Place { slot, devices: Devices::new() })
    }

    fn bound(&mut self, _cluster: &Rehearsal, _pod: Arrival, _slot: Slot) {}

    fn left(&mut self, _cluster: &Rehearsal, _pod: Arrival, _slot: Slot) {}
}

/// The nodes in these slots.
pub(crate) fn candidates<'a>(
    snapshot: &'a Snapshot,
    slots: &'a [Slot],
) -> impl Iterator<Item = Candidate<'a>> {
    let candidate = |slot: &Slot| {
        let node = snapshot.at(*slot)?;
        Some(Candidate { name: node.name(), node: Some(node), slot: Some(*slot) })
    };
    slots.iter().filter_map(candidate)
}
