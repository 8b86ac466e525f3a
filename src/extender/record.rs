//! A decision as it is remembered: enough to explain it later, little enough to keep many.

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

#[derive(Debug)]
enum Findings {
    Verdicts(Vec<Verdict>),
    Ranks(Vec<Ranked>),
}

impl Decision {
    /// An answer to filter.
    pub(super) fn filtered(
        snapshot: &Snapshot,
        pod: &PodRequest,
        profile: &Arc<Profile>,
        candidates: &[Candidate<'_>],
        verdicts: Vec<Verdict>,
    ) -> Self {
        let inquiry = Inquiry { snapshot, pod, profile };
        Self::note(&inquiry, profile, candidates, Findings::Verdicts(verdicts), Vec::new())
    }

    /// An answer to prioritize.
    pub(super) fn ranked(
        snapshot: &Snapshot,
        pod: &PodRequest,
        profile: &Arc<Profile>,
        candidates: &[Candidate<'_>],
        ranked: Vec<Ranked>,
    ) -> Self {
        let inquiry = Inquiry { snapshot, pod, profile };
        let leaders = leaders(&inquiry, candidates, &ranked);
        Self::note(&inquiry, profile, candidates, Findings::Ranks(ranked), leaders)
    }

    fn note(
        inquiry: &Inquiry<'_>,
        profile: &Arc<Profile>,
        candidates: &[Candidate<'_>],
        findings: Findings,
        leaders: Vec<(usize, Vec<Part>)>,
    ) -> Self {
        let pod = inquiry.pod;
        let mut names = String::with_capacity(candidates.iter().map(|candidate| candidate.name.len()).sum());
        let mut rows = Vec::with_capacity(candidates.len());
        let mut pools = Vec::with_capacity(candidates.len() * pod.gpus.len());
        for candidate in candidates {
            names.push_str(candidate.name);
            rows.push(Row { name_end: names.len() as u32, known: candidate.node.is_some() });
            pools.extend(pod.gpus.iter().map(|demand| PoolNote::of(candidate.node?, demand)));
        }
        Self {
            at: inquiry.snapshot.as_of,
            verb: if matches!(findings, Findings::Ranks(_)) { Verb::Prioritize } else { Verb::Filter },
            pod: pod.key.clone(),
            uid: pod.uid.clone(),
            profile: profile.clone(),
            took: Duration::ZERO,
            demands: pod.gpus.clone(),
            freshness: inquiry.snapshot.freshness,
            names,
            rows,
            pools,
            findings,
            leaders,
        }
    }

    /// With the time that it took.
    pub(super) fn timed(self, took: Duration) -> Self {
        Self { took, ..self }
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

/// The parts of the strategy's score for those that share the most points.
fn leaders(
    inquiry: &Inquiry<'_>,
    candidates: &[Candidate<'_>],
    ranked: &[Ranked],
) -> Vec<(usize, Vec<Part>)> {
    let first = ranked.iter().enumerate().filter(|(_, ranked)| ranked.points == MAX_POINTS);
    first
        .take(MAX_LEADERS)
        .filter_map(|(index, _)| {
            let mut parts = Vec::new();
            let mut note = |name: &'static str, value| parts.push(Part { name: name.to_owned(), value });
            inquiry.profile.strategy.score(inquiry, candidates[index].node?, &mut note);
            Some((index, parts))
        })
        .collect()
}
