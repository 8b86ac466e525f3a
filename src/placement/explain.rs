//! The decision with everything it saw on the way.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Candidate, Inquiry, Profile, Reason, Score, Verdict, blend, prioritize, utilization, verdict};
use crate::cluster::{
    Confidence, Freshness, FreshnessPolicy, Load, LoadBasis, Node, PerMille, PodKey, PodRequest, Snapshot,
    Source, Timestamp,
};

/// Why a pod goes, or does not go, where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The pod.
    pub pod: PodKey,
    /// The policy that decided.
    pub profile: Arc<str>,
    /// The strategy's name.
    pub strategy: String,
    /// The share of the score that live utilization has where it is fresh.
    pub utilization_weight: PerMille,
    /// Each candidate: those that fit, best first, then those that do not, by name.
    pub nodes: Vec<NodeExplanation>,
}

/// What was found of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeExplanation {
    /// The node.
    pub node: String,
    /// Whether gpulse has heard of it.
    pub known: bool,
    /// Why the pod cannot go there, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Reason>,
    /// What goes over the wire, 0 to 10.
    pub points: u8,
    /// Strategy and utilization together, in millionths.
    pub combined: Score,
    /// The strategy's own score, in millionths.
    pub strategy: Score,
    /// The parts of the strategy's score.
    pub parts: Vec<Part>,
    /// What utilization says, in millionths; `None` where nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<Score>,
    /// How far the measurement is trusted, in thousandths.
    pub confidence: Confidence,
    /// The pools that the pod asks of.
    pub pools: Vec<PoolExplanation>,
}

/// A named part of a strategy's score: 0 to 1, or in the unit that its name ends with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What it measures.
    pub name: String,
    /// How good the node is by it: the more the better.
    pub value: f64,
}

/// A pool that the pod asks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolExplanation {
    /// The resource name.
    pub resource: Arc<str>,
    /// Units in all.
    pub capacity: u32,
    /// Units bound to pods.
    pub allocated: u32,
    /// Units that must not be given out.
    pub unhealthy: u32,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadExplanation>,
}

/// What was measured of a pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadExplanation {
    /// Mean over the devices that the pod may get.
    pub offered: PerMille,
    /// Mean over all devices.
    pub all: PerMille,
    /// Share of the devices that were measured.
    pub coverage: PerMille,
    /// The metric behind it.
    pub source: Source,
    /// How old the samples are.
    pub age: Duration,
    /// `fresh`, `stale` or `missing`.
    pub freshness: String,
    /// `holders` where the exporter names each device's pod, `counts` where only their number is known.
    pub basis: String,
}

impl LoadExplanation {
    /// What was measured, with its age at `as_of`.
    #[must_use]
    pub fn of(load: &Load, as_of: Timestamp, policy: FreshnessPolicy) -> Self {
        let age = as_of.since(load.sampled_at);
        Self {
            offered: load.offered,
            all: load.all,
            coverage: load.coverage,
            source: load.source,
            age,
            freshness: freshness(policy.freshness(age)).to_owned(),
            basis: basis(load.basis).to_owned(),
        }
    }
}

/// Decides as [`filter`](super::filter) and [`prioritize`] do, and keeps the reasons.
#[must_use]
pub fn explain(
    snapshot: &Snapshot,
    pod: &PodRequest,
    profile: &Profile,
    candidates: &[Candidate<'_>],
) -> Explanation {
    let market = profile.strategy.market(snapshot);
    let inquiry = Inquiry { snapshot, pod, profile, market: market.as_ref() };
    let (fitting, rejected): (Vec<Candidate<'_>>, Vec<Candidate<'_>>) =
        candidates.iter().partition(|candidate| verdict(&inquiry, candidate) == Verdict::Fits);
    let ranked = prioritize(snapshot, pod, profile, &fitting);
    let mut nodes: Vec<NodeExplanation> = fitting
        .iter()
        .zip(&ranked)
        .map(|(candidate, ranked)| node(&inquiry, candidate, Ok(ranked)))
        .collect();
    nodes.sort_by(|a, b| (b.points, b.combined, &a.node).cmp(&(a.points, a.combined, &b.node)));
    let mut refused: Vec<NodeExplanation> = rejected
        .iter()
        .filter_map(|candidate| match verdict(&inquiry, candidate) {
            Verdict::Rejected(reason) => Some(node(&inquiry, candidate, Err(reason))),
            Verdict::Fits => None,
        })
        .collect();
    refused.sort_by(|a, b| a.node.cmp(&b.node));
    nodes.append(&mut refused);
    Explanation {
        pod: pod.key.clone(),
        profile: profile.name.clone(),
        strategy: profile.strategy.name.to_owned(),
        utilization_weight: profile.utilization.weight,
        nodes,
    }
}

fn node(
    inquiry: &Inquiry<'_>,
    candidate: &Candidate<'_>,
    outcome: Result<&blend::Ranked, Reason>,
) -> NodeExplanation {
    let (ranked, known) = (outcome.ok(), candidate.node(inquiry.snapshot));
    let mut parts = Vec::new();
    if let (Some(node), Some(_)) = (known, ranked) {
        let mut note = |name: &'static str, value| parts.push(Part { name: name.to_owned(), value });
        inquiry.profile.strategy.score(inquiry, node, &mut note);
    }
    let reading = known.map(|node| utilization::read(inquiry, node)).unwrap_or_default();
    NodeExplanation {
        node: candidate.name.to_owned(),
        known: known.is_some(),
        rejected: outcome.err(),
        points: ranked.map_or(0, |ranked| ranked.points),
        combined: ranked.map_or(Score::default(), |ranked| ranked.combined),
        strategy: ranked.map_or(Score::default(), |ranked| ranked.strategy),
        parts,
        utilization: (reading.confidence > Confidence::default()).then_some(reading.term),
        confidence: reading.confidence,
        pools: known.map(|node| pools(inquiry, node)).unwrap_or_default(),
    }
}

fn pools(inquiry: &Inquiry<'_>, node: &Node) -> Vec<PoolExplanation> {
    let asked = inquiry.pod.gpus.iter().filter_map(|demand| node.pool(&demand.resource));
    asked
        .map(|(facts, pool)| PoolExplanation {
            resource: facts.resource.clone(),
            capacity: facts.capacity,
            allocated: pool.allocated,
            unhealthy: pool.unhealthy,
            load: pool
                .load
                .map(|load| LoadExplanation::of(&load, inquiry.snapshot.as_of, inquiry.snapshot.freshness)),
        })
        .collect()
}

fn freshness(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Fresh => "fresh",
        Freshness::Stale(_) => "stale",
        Freshness::Missing => "missing",
    }
}

fn basis(basis: LoadBasis) -> &'static str {
    match basis {
        LoadBasis::Holders => "holders",
        LoadBasis::Counts => "counts",
    }
}
