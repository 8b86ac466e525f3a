//! Decisions as a recording has them: all that went in, and what came out.
//!
//! ```text
//! {"apiVersion":"gpulse.dev/v1alpha1","kind":"Recording","version":"0.1.0"}
//! {"cluster":{...}}       what changed since the line before of its kind; the first has everything
//! {"decision":{...}}      decided from the cluster as it then stood
//! {"missed":3}            so many decisions before the next one were not recorded
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Candidate, Profile, Reason, Score, Verdict, filter, prioritize};
use crate::cluster::{Change, Node, NodeFacts, PodRequest, Snapshot, Timestamp};

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordingHeader {
    /// `gpulse.dev/v1alpha1`.
    pub api_version: String,
    /// `Recording`.
    pub kind: String,
    /// The version of the gpulse that decided.
    pub version: String,
}

impl RecordingHeader {
    /// The header that this version writes.
    #[must_use]
    pub fn current() -> Self {
        Self {
            api_version: "gpulse.dev/v1alpha1".into(),
            kind: "Recording".into(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

/// Any other line of a recording.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordingLine {
    /// What has changed in the cluster.
    Cluster(Change),
    /// A decision.
    Decision(Box<RecordedDecision>),
    /// So many decisions are missing here.
    Missed(u64),
}

/// A decision with all that it was made from, but for the cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedDecision {
    /// The moment that ages were counted to.
    pub as_of: Timestamp,
    /// The effective request.
    pub pod: PodRequest,
    /// The policy.
    pub profile: Arc<Profile>,
    /// The nodes that were asked about, in the order of the request.
    pub candidates: Vec<Box<str>>,
    /// Those of them that the cluster does not have, as the request described them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub described: Vec<NodeFacts>,
    /// What was answered.
    pub found: Found,
}

/// What was answered of each candidate, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Found {
    /// To filter: why the pod cannot go there, or nothing where it can.
    Verdicts(Vec<Option<Reason>>),
    /// To prioritize.
    Ranks(Vec<Rank>),
}

/// A candidate's rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rank(
    /// Points, 0 to 10.
    pub u8,
    /// Strategy and utilization together.
    pub Score,
);

impl RecordedDecision {
    /// The same question, decided again from `snapshot` by `profile`.
    #[must_use]
    pub fn again(&self, snapshot: &Snapshot, profile: &Profile) -> Found {
        let described: Vec<Node> = self
            .described
            .iter()
            .map(|facts| Node::assemble(Arc::new(facts.clone()), Vec::new(), Arc::new([])))
            .collect();
        let mut candidates = Candidate::all_named(snapshot, &self.candidates);
        for candidate in candidates.iter_mut().filter(|candidate| candidate.slot.is_none()) {
            candidate.unseen = described.iter().find(|node| **node.name() == *candidate.name);
        }
        match self.found {
            Found::Verdicts(_) => {
                let verdicts = filter(snapshot, &self.pod, profile, &candidates);
                Found::Verdicts(verdicts.into_iter().map(Verdict::refusal).collect())
            }
            Found::Ranks(_) => {
                let ranks = prioritize(snapshot, &self.pod, profile, &candidates);
                Found::Ranks(ranks.iter().map(|rank| Rank(rank.points, rank.combined)).collect())
            }
        }
    }
}
