//! A decision as it is remembered: enough to explain it later, little enough to keep many.
//!
//! ```text
//! answer --> Draft (verdicts or ranks, and the snapshot) --(settle, after the reply)--> Decision (names and figures)
//! ```

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::answer::Verb;
use super::recorder::Recorded;
use crate::cluster::{FreshnessPolicy, GpuDemand, Load, Node, PodKey, PodRequest, Slot, Snapshot, Timestamp};
use crate::placement::{
    Candidate, Found, Inquiry, LoadExplanation, MAX_POINTS, NodeExplanation, Part, PoolExplanation, Profile,
    Rank, Ranked, Reason, RecordedDecision, Score, Verdict,
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

    fn len(&self) -> usize {
        match self {
            Self::Verdicts(verdicts) => verdicts.len(),
            Self::Ranks(ranks) => ranks.len(),
        }
    }

    /// The reasons of the candidates that do not fit.
    fn refusals(&self) -> impl Iterator<Item = Reason> {
        let verdicts: &[Verdict] = match self {
            Self::Verdicts(verdicts) => verdicts,
            Self::Ranks(_) => &[],
        };
        verdicts.iter().filter_map(|verdict| match verdict {
            Verdict::Fits => None,
            Verdict::Rejected(reason) => Some(*reason),
        })
    }

    /// The candidate that was ranked best, the first by name of those that are level; `None` for filter.
    fn best<'a>(&'a self, name: impl Fn(usize) -> &'a str) -> Option<&'a str> {
        let Self::Ranks(ranks) = self else { return None };
        let place = |index: &usize| (ranks[*index].points, ranks[*index].combined, Reverse(name(*index)));
        (0..ranks.len()).max_by_key(place).map(name)
    }
}

/// A decision just answered: the names and figures behind it are still in the snapshot that it was taken from.
///
/// Copying them takes about as long as deciding, and nobody waits for it; holding the snapshot keeps nodes alive that
/// have changed. So drafts are settled soon, but not while kube-scheduler waits.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) profile: Arc<Profile>,
    pub(super) pod: PodRequest,
    pub(super) took: Duration,
    snapshot: Snapshot,
    findings: Findings,
    seats: Vec<Seat>,
    strangers: Vec<Box<str>>,
    /// Nodes that only the request described, by the order of the request.
    unseen: Vec<Option<Node>>,
}

/// Where a candidate's name is found.
#[derive(Debug, Clone, Copy)]
enum Seat {
    Known(Slot),
    /// By its place among the strangers.
    Stranger(u32),
}

impl Draft {
    pub(super) fn new(
        profile: Arc<Profile>,
        pod: PodRequest,
        snapshot: Snapshot,
        candidates: &[Candidate<'_>],
        findings: Findings,
    ) -> Self {
        let mut strangers: Vec<Box<str>> = Vec::new();
        let seat = |candidate: &Candidate<'_>| {
            candidate.slot.map_or_else(
                || {
                    strangers.push(candidate.name.into());
                    Seat::Stranger(strangers.len() as u32 - 1)
                },
                Seat::Known,
            )
        };
        let seats = candidates.iter().map(seat).collect();
        let (took, unseen) = (Duration::ZERO, Vec::new());
        Self { profile, pod, took, snapshot, findings, seats, strangers, unseen }
    }

    /// With the nodes that only the request described.
    pub(super) fn with_unseen(self, unseen: Vec<Option<Node>>) -> Self {
        Self { unseen, ..self }
    }

    /// What was asked.
    pub(super) fn verb(&self) -> Verb {
        self.findings.verb()
    }

    /// How many nodes were asked about.
    pub(super) fn candidates(&self) -> usize {
        self.findings.len()
    }

    /// The reasons of the candidates that do not fit.
    pub(super) fn refusals(&self) -> impl Iterator<Item = Reason> {
        self.findings.refusals()
    }

    /// The node that was ranked best.
    pub(super) fn best(&self) -> Option<&str> {
        self.findings.best(|index| self.name(index))
    }

    fn name(&self, index: usize) -> &str {
        match self.seats[index] {
            Seat::Known(slot) => self.snapshot.at(slot).map_or("", |node| node.name()),
            Seat::Stranger(place) => &self.strangers[place as usize],
        }
    }

    fn node(&self, index: usize) -> Option<&Node> {
        match self.seats[index] {
            Seat::Known(slot) => self.snapshot.at(slot).map(AsRef::as_ref),
            Seat::Stranger(_) => self.unseen.get(index)?.as_ref(),
        }
    }

    /// A copy of all that the decision was made from.
    pub(super) fn recorded(&self) -> Recorded {
        let found = match &self.findings {
            Findings::Verdicts(verdicts) => {
                Found::Verdicts(verdicts.iter().map(|verdict| verdict.refusal()).collect())
            }
            Findings::Ranks(ranks) => {
                Found::Ranks(ranks.iter().map(|rank| Rank(rank.points, rank.combined)).collect())
            }
        };
        let decision = RecordedDecision {
            as_of: self.snapshot.as_of,
            pod: self.pod.clone(),
            profile: self.profile.clone(),
            candidates: (0..self.candidates()).map(|index| self.name(index).into()).collect(),
            described: self.unseen.iter().flatten().map(|node| node.facts().clone()).collect(),
            found,
        };
        Recorded { snapshot: self.snapshot.clone(), decision }
    }

    /// Copies names and figures, and lets go of the snapshot.
    pub(super) fn settle(self) -> Decision {
        let candidates = || 0..self.candidates();
        let mut names = String::with_capacity(candidates().map(|index| self.name(index).len()).sum());
        let row = |index: usize| {
            names.push_str(self.name(index));
            Row { name_end: names.len() as u32, known: self.node(index).is_some() }
        };
        let rows = candidates().map(row).collect();
        let note = |index: usize| {
            let node = self.node(index);
            self.pod.gpus.iter().map(move |demand| PoolNote::of(node?, demand))
        };
        let market = self.profile.strategy.market(&self.snapshot);
        let inquiry = Inquiry {
            snapshot: &self.snapshot,
            pod: &self.pod,
            profile: &self.profile,
            market: market.as_ref(),
        };
        let leader = |index: usize| Some((index, parts(&inquiry, self.node(index)?)));
        Decision {
            rows,
            names,
            pools: candidates().flat_map(note).collect(),
            leaders: self.leaders().filter_map(leader).collect(),
            at: self.snapshot.as_of,
            verb: self.verb(),
            freshness: self.snapshot.freshness,
            pod: self.pod.key,
            uid: self.pod.uid,
            demands: self.pod.gpus,
            profile: self.profile,
            took: self.took,
            findings: self.findings,
        }
    }

    /// The first of those that share the most points.
    fn leaders(&self) -> impl Iterator<Item = usize> {
        let ranks: &[Ranked] = match &self.findings {
            Findings::Verdicts(_) => &[],
            Findings::Ranks(ranks) => ranks,
        };
        let most = ranks.iter().enumerate().filter(|(_, ranked)| ranked.points == MAX_POINTS);
        most.map(|(index, _)| index).take(MAX_LEADERS)
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
        self.findings.refusals()
    }

    /// The node that was ranked best, the first by name of those that are level; `None` for filter.
    #[must_use]
    pub fn best(&self) -> Option<&str> {
        self.findings.best(|index| self.name(index))
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
