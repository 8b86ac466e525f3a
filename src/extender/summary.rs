//! A decision in short.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::answer::Verb;
use super::record::Decision;
use crate::cluster::Timestamp;
use crate::placement::{NodeExplanation, Reason, Score};

/// How many of the best a summary names.
const LEADERS: usize = 3;

/// A decision in short, as `/v1/decisions` lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionSummary {
    /// When.
    pub at: Timestamp,
    /// `filter` or `prioritize`.
    pub verb: String,
    /// Namespace and name of the pod.
    pub pod: String,
    /// The API server's identity of that very pod.
    pub uid: Arc<str>,
    /// The policy.
    pub profile: Arc<str>,
    /// Its strategy.
    pub strategy: String,
    /// How many nodes were asked about.
    pub candidates: usize,
    /// How many of them fit; all, where they were ranked.
    pub fit: usize,
    /// How many were refused, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<Reason, usize>,
    /// The three best, where nodes were ranked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub best: Vec<Leader>,
    /// Time from the request's bytes to the reply's bytes, in microseconds.
    pub took_micros: u64,
}

/// A node near the top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leader {
    /// The node.
    pub node: String,
    /// What went over the wire, 0 to 10.
    pub points: u8,
    /// Strategy and utilization together, in millionths.
    pub combined: Score,
}

impl Decision {
    /// The decision in short.
    #[must_use]
    pub fn summary(&self) -> DecisionSummary {
        let mut refused = BTreeMap::new();
        self.refusals().for_each(|reason| *refused.entry(reason).or_default() += 1);
        let mut nodes: Vec<NodeExplanation> = match self.verb {
            Verb::Filter => Vec::new(),
            Verb::Prioritize => self.nodes().collect(),
        };
        best_first(&mut nodes);
        let leader =
            |node: NodeExplanation| Leader { node: node.node, points: node.points, combined: node.combined };
        DecisionSummary {
            at: self.at,
            verb: self.verb.name().to_owned(),
            pod: self.pod.to_string(),
            uid: self.uid.clone(),
            profile: self.profile.name.clone(),
            strategy: self.profile.strategy.name.to_owned(),
            candidates: self.candidates(),
            fit: self.fit(),
            refused,
            best: nodes.into_iter().take(LEADERS).map(leader).collect(),
            took_micros: self.took.as_micros() as u64,
        }
    }
}

/// Those that fit, best first, then those that do not; by name where they are level.
pub(super) fn best_first(nodes: &mut [NodeExplanation]) {
    let place = |node: &NodeExplanation| (node.rejected.is_some(), Reverse((node.points, node.combined)));
    nodes.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.node.cmp(&b.node)));
}
