//! A decision as it is remembered: enough to explain it later, little enough to keep many.
//!
//! ```text
//! answer --> Draft (names, verdicts or ranks, and the snapshot) --(settle, after the reply)--> Decision (figures)
//! ```

use std::sync::Arc;
use std::time::Duration;

use super::answer::Verb;
use crate::cluster::{FreshnessPolicy, GpuDemand, Load, Node, PodKey, PodRequest, Snapshot, Timestamp};
use crate::placement::{
    Candidate, Inquiry, LoadExplanation, MAX_POINTS, NodeExplanation, Part, PoolExplanation, Profile, Ranked,
    Reason, Score, Verdict,
};

/// How many of the best keep the parts of their strategy's score.
const MAX_LEADERS: usize = 16;

/// One answered request.
///
/// It keeps copies of the figures that were used and no reference to the cluster, which would keep nodes alive that
/// have long changed. Names stand in one buffer: a pointer for each would cost more than the text.
#[derive(Debug)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// What was asked.
    pub verb: Verb,
    /// Of which pod.
    pub pod: PodKey,
    /// The API server's identity of that very pod.
    pub uid: Arc<str>,
    /// By which policy.
    pub profile: Arc<Profile>,
    /// Time from the request's bytes to the reply's bytes.
    pub took: Duration,
    demands: Vec<GpuDemand>,
    freshness: FreshnessPolicy,
    names: String,
    rows: Vec<Row>,
    pools: Vec<Option<PoolNote>>,
    findings: Findings,
    leaders: Vec<(usize, Vec<Part>)>,
}

/// A candidate: its name ends here in the buffer, and starts where the one before it ends.
#[derive(Debug, Clone, Copy)]
struct Row {
    name_end: u32,
    known: bool,
}

/// One pool of a candidate, as it was.
#[derive(Debug, Clone, Copy)]
struct PoolNote {
    capacity: u32,
    allocated: u32,
    unhealthy: u32,
    load: Option<Load>,
}

/// What was found of the candidates, in their order.
#[derive(Debug)]
pub(super) enum Findings {
    Verdicts(Vec<Verdict>),
    Ranks(Vec<Ranked>),
}

impl Findings {
    fn verb(&self) -> Verb {
        match self {
            Self::Verdicts(_) => Verb::Filter,
            Self::Ranks(_) => Verb::Prioritize,
        }
    }
}

/// A decision just answered: the figures behind it are still in the snapshot that it was taken from.
///
/// Copying them takes about as long as deciding, and nobody waits for it; holding the snapshot keeps nodes alive that
/// have changed. So drafts are settled soon, but not while kube-scheduler waits.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) decision: Decision,
    pub(super) snapshot: Snapshot,
    pub(super) pod: PodRequest,
    /// Nodes that only the request described, by the order of the request.
    pub(super) unseen: Vec<Option<Node>>,
}

impl Draft {
    /// Copies the figures and lets go of the snapshot.
    pub(super) fn settle(self) -> Decision {
        let Self { mut decision, snapshot, pod, unseen } = self;
        let unseen = |index: usize| unseen.get(index).and_then(Option::as_ref);
        let node =
            |index: usize| snapshot.node(decision.name(index)).map(AsRef::as_ref).or_else(|| unseen(index));
        let note = |index: usize| {
            let node = node(index);
            pod.gpus.iter().map(move |demand| PoolNote::of(node?, demand))
        };
        let pools: Vec<Option<PoolNote>> = (0..decision.rows.len()).flat_map(note).collect();
        let inquiry = Inquiry { snapshot: &snapshot, pod: &pod, profile: &decision.profile };
        let leaders: Vec<(usize, Vec<Part>)> = decision
            .leaders_by_points()
            .filter_map(|index| Some((index, parts(&inquiry, node(index)?))))
            .collect();
        (decision.pools, decision.leaders) = (pools, leaders);
        decision
    }
}

/// The parts of the strategy's score.
fn parts(inquiry: &Inquiry<'_>, node: &Node) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut note = |name: &'static str, value| parts.push(Part { name: name.to_owned(), value });
    inquiry.profile.strategy.score(inquiry, node, &mut note);
    parts
}

impl Decision {
    /// What was found of the candidates, without the figures behind it.
    pub(super) fn new(
        inquiry: &Inquiry<'_>,
        profile: &Arc<Profile>,
        candidates: &[Candidate<'_>],
        findings: Findings,
    ) -> Self {
        let mut names = String::with_capacity(candidates.iter().map(|candidate| candidate.name.len()).sum());
        let row = |candidate: &Candidate<'_>| {
            names.push_str(candidate.name);
            Row { name_end: names.len() as u32, known: candidate.node.is_some() }
        };
        Self {
            rows: candidates.iter().map(row).collect(),
            names,
            at: inquiry.snapshot.as_of,
            verb: findings.verb(),
            pod: inquiry.pod.key.clone(),
            uid: inquiry.pod.uid.clone(),
            profile: profile.clone(),
            took: Duration::ZERO,
            demands: inquiry.pod.gpus.clone(),
            freshness: inquiry.snapshot.freshness,
            pools: Vec::new(),
            findings,
            leaders: Vec::new(),
        }
    }

    /// The first of those that share the most points.
    fn leaders_by_points(&self) -> impl Iterator<Item = usize> {
        let ranks: &[Ranked] = match &self.findings {
            Findings::Verdicts(_) => &[],
            Findings::Ranks(ranks) => ranks,
        };
        let most = ranks.iter().enumerate().filter(|(_, ranked)| ranked.points == MAX_POINTS);
        most.map(|(index, _)| index).take(MAX_LEADERS)
    }

    /// How many nodes were asked about.
    #[must_use]
    pub fn candidates(&self) -> usize {
        self.rows.len()
    }

    /// How many of them fit; all, where they were ranked.
    #[must_use]
    pub fn fit(&self) -> usize {
        self.candidates() - self.refusals().count()
    }

    /// The reasons of the candidates that do not fit.
    pub fn refusals(&self) -> impl Iterator<Item = Reason> {
        let verdicts: &[Verdict] = match &self.findings {
            Findings::Verdicts(verdicts) => verdicts,
            Findings::Ranks(_) => &[],
        };
        verdicts.iter().filter_map(|verdict| match verdict {
            Verdict::Fits => None,
            Verdict::Rejected(reason) => Some(*reason),
        })
    }

    /// The node that was ranked best, the first by name of those that are level; `None` for filter.
    #[must_use]
    pub fn best(&self) -> Option<&str> {
        let Findings::Ranks(ranks) = &self.findings else { return None };
        let place = |index: &usize| {
            (ranks[*index].points, ranks[*index].combined, std::cmp::Reverse(self.name(*index)))
        };
        (0..ranks.len()).max_by_key(place).map(|index| self.name(index))
    }

    /// Memory that the record takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let findings = match &self.findings {
            Findings::Verdicts(verdicts) => size_of_val(&verdicts[..]),
            Findings::Ranks(ranks) => size_of_val(&ranks[..]),
        };
        let demands: usize =
            self.demands.iter().map(|demand| size_of_val(demand) + demand.resource.len()).sum();
        let parts: usize = self.leaders.iter().map(|(_, parts)| parts.len() * (size_of::<Part>() + 16)).sum();
        let pod = self.pod.namespace.len() + self.pod.name.len() + self.uid.len();
        let tables = self.names.len() + size_of_val(&self.rows[..]) + size_of_val(&self.pools[..]);
        size_of::<Self>() + tables + findings + demands + parts + pod
    }

    fn name(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.rows[before].name_end);
        &self.names[start as usize..self.rows[index].name_end as usize]
    }

    /// What was found of each candidate, in the order of the request.
    pub fn nodes(&self) -> impl Iterator<Item = NodeExplanation> {
        (0..self.rows.len()).map(|index| self.node(index))
    }

    fn node(&self, index: usize) -> NodeExplanation {
        let (rejected, ranked) = match &self.findings {
            Findings::Verdicts(verdicts) => match verdicts[index] {
                Verdict::Fits => (None, None),
                Verdict::Rejected(reason) => (Some(reason), None),
            },
            Findings::Ranks(ranks) => (None, Some(ranks[index])),
        };
        let reading = ranked.map(|ranked| ranked.reading).unwrap_or_default();
        let parts = self.leaders.iter().find(|(leader, _)| *leader == index).map(|(_, parts)| parts.clone());
        NodeExplanation {
            node: self.name(index).to_owned(),
            known: self.rows[index].known,
            rejected,
            points: ranked.map_or(0, |ranked| ranked.points),
            combined: ranked.map_or(Score::default(), |ranked| ranked.combined),
            strategy: ranked.map_or(Score::default(), |ranked| ranked.strategy),
            parts: parts.unwrap_or_default(),
            utilization: (reading.confidence.get() > 0).then_some(reading.term),
            confidence: reading.confidence,
            pools: self.pools(index),
        }
    }

    fn pools(&self, index: usize) -> Vec<PoolExplanation> {
        let first = index * self.demands.len();
        let noted = self.demands.iter().zip(&self.pools[first..first + self.demands.len()]);
        noted
            .filter_map(|(demand, note)| {
                note.map(|note| PoolExplanation {
                    resource: demand.resource.clone(),
                    capacity: note.capacity,
                    allocated: note.allocated,
                    unhealthy: note.unhealthy,
                    load: note.load.map(|load| LoadExplanation::of(&load, self.at, self.freshness)),
                })
            })
            .collect()
    }
}

impl PoolNote {
    fn of(node: &Node, demand: &GpuDemand) -> Option<Self> {
        let (facts, pool) = node.pool(&demand.resource)?;
        let (capacity, allocated, unhealthy) = (facts.capacity, pool.allocated, pool.unhealthy);
        Some(Self { capacity, allocated, unhealthy, load: pool.load })
    }
}
