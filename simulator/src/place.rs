//! Where pods would go, one after the other, as gpulse would see the cluster at each of them.
//!
//! Unlike an experiment's policies this keeps all of the cluster that a decision may look at: who owns the pods on a
//! node, who is nominated, what was measured, and the mix of pods, learned as a running gpulse learns it.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::cluster::{Assembly, BoundPod, Hold, PodKey, PodRequest, Samples, Snapshot};
use crate::placement::{Candidate, MAX_POINTS, Profile, Reason, Score, Scorer, Verdict};

/// Where a pod would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The pod.
    pub pod: PodKey,
    /// How many nodes it fits.
    pub fits: usize,
    /// How many it does not fit, by reason.
    pub refused: BTreeMap<Reason, usize>,
    /// Its node; `None` where it fits none.
    pub choice: Option<Choice>,
}

/// The best node for a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The node: of those with the most points the one with the highest score, the first by name of those that are
    /// level.
    pub node: Arc<str>,
    /// Its score.
    pub score: Score,
    /// The other nodes with the most points, by name: kube-scheduler would choose among them all.
    pub ties: Vec<Arc<str>>,
}

/// Why a pod cannot come.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("pod {pod} is on node {node} already: expected pods that the snapshot does not have")]
pub struct AlreadyThere {
    /// The pod.
    pub pod: PodKey,
    /// Its node.
    pub node: Arc<str>,
}

/// A cluster on which pods are placed.
#[derive(Debug)]
pub struct Placing {
    assembly: Assembly,
    snapshot: Snapshot,
    scorer: Scorer,
}

impl Placing {
    /// On the cluster as it stands, by this profile. The time stands still: measurements do not age.
    #[must_use]
    pub fn on(snapshot: &Snapshot, profile: Profile) -> Self {
        let mut assembly = Assembly::default();
        let mut samples = Samples::new();
        for node in snapshot.nodes() {
            assembly.apply_node(node.facts().clone());
            node.pods().iter().for_each(|pod| assembly.apply_pod((**pod).clone()));
            samples.insert(node.name().clone(), node.gpus().into());
        }
        assembly.apply_samples(samples);
        let snapshot = assembly.snapshot(snapshot.as_of, snapshot.freshness);
        Self { assembly, snapshot, scorer: Scorer::new(Arc::new(profile)) }
    }

    /// Places a pod on the best of all nodes; from then on it holds its room there. A nomination of it ends.
    ///
    /// # Errors
    /// Where the pod is bound already.
    pub fn place(&mut self, pod: PodRequest) -> Result<Placement, AlreadyThere> {
        if let Some(known) = self.assembly.pod(&pod.key).filter(|known| known.hold == Hold::Bound) {
            return Err(AlreadyThere { pod: pod.key, node: known.node.clone() });
        }
        let everyone = Candidate::everyone(&self.snapshot);
        let verdicts = self.scorer.filter(&self.snapshot, &pod, &everyone);
        let mut refused = BTreeMap::new();
        let mut fitting = Vec::new();
        for (candidate, verdict) in everyone.iter().zip(verdicts) {
            match verdict {
                Verdict::Fits => fitting.push(*candidate),
                Verdict::Rejected(reason) => *refused.entry(reason).or_default() += 1,
            }
        }
        let ranks = self.scorer.prioritize(&self.snapshot, &pod, &fitting);
        let mut best: Vec<(Score, &str)> = fitting
            .iter()
            .zip(&ranks)
            .filter(|(_, rank)| rank.points == MAX_POINTS)
            .map(|(candidate, rank)| (rank.combined, candidate.name))
            .collect();
        best.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        let choice = best.split_first().map(|((score, node), ties)| {
            let mut ties: Vec<Arc<str>> = ties.iter().map(|(_, node)| (*node).into()).collect();
            ties.sort_unstable();
            Choice { node: (*node).into(), score: *score, ties }
        });
        let placement = Placement { pod: pod.key.clone(), fits: fitting.len(), refused, choice };
        if let Some(Choice { node, .. }) = &placement.choice {
            self.assembly.apply_pod(BoundPod { request: pod, node: node.clone(), hold: Hold::Bound });
            self.snapshot = self.assembly.snapshot(self.snapshot.as_of, self.snapshot.freshness);
        }
        Ok(placement)
    }
}
