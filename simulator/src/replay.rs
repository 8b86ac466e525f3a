//! Decisions of a running gpulse, decided again: by the same profile they must come out the same, by another one it
//! shows what would have been.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::cluster::Replica;
use crate::placement::{Found, MAX_POINTS, Profile, Rank, RecordedDecision, RecordingLine, Strategy};

/// The policy that decides in place of each decision's own.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Instead {
    /// Each decision's own with another strategy.
    Strategy(&'static Strategy),
    /// Another one altogether.
    Profile(Box<Profile>),
}

impl Instead {
    /// The strategy that decides.
    #[must_use]
    pub fn strategy(&self) -> &'static Strategy {
        match self {
            Self::Strategy(strategy) => strategy,
            Self::Profile(profile) => profile.strategy,
        }
    }

    /// The policy in place of this one.
    fn of(&self, recorded: &Profile) -> Profile {
        match self {
            Self::Strategy(strategy) => Profile { strategy, ..recorded.clone() },
            Self::Profile(profile) => (**profile).clone(),
        }
    }
}

/// Decides the lines of a recording again, in their order.
#[derive(Debug, Default)]
pub struct Replay {
    cluster: Replica,
    instead: Option<Instead>,
    /// What came of it so far.
    pub tally: Tally,
    /// The decisions that came out otherwise.
    pub differences: Vec<Difference>,
}

/// What came of a replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Decisions.
    pub decisions: u64,
    /// Those that came out the same.
    pub same: u64,
    /// Rankings of at least one node.
    pub rankings: u64,
    /// Rankings whose best nodes are others: none of those with the most points was one before.
    pub elsewhere: u64,
    /// Decisions that the recording lacks.
    pub missed: u64,
}

/// A decision that came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which decision of the recording, from 1.
    pub number: u64,
    /// The pod's namespace and name.
    pub pod: String,
    /// The profile that decided then.
    pub profile: Arc<str>,
    /// The nodes of which something else was said, in the order of the request.
    pub nodes: Vec<NodeDifference>,
    /// The nodes with the most points, then and now, where nodes were ranked.
    pub best: Option<[BTreeSet<String>; 2]>,
}

/// A node of which something else was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDifference {
    /// The node.
    pub node: String,
    /// What was said then, and what now.
    pub said: [Said; 2],
}

/// What is said of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The pod fits, or why not, by the reason's name.
    Verdict(Option<&'static str>),
    /// Points, and the score behind them.
    Rank(Rank),
}

impl Replay {
    /// By another policy in place of each decision's own, if any.
    #[must_use]
    pub fn by(instead: Option<Instead>) -> Self {
        Self { instead, ..Self::default() }
    }

    /// Takes the next line.
    pub fn take(&mut self, line: RecordingLine) {
        match line {
            RecordingLine::Cluster(change) => self.cluster.apply(change),
            RecordingLine::Missed(decisions) => self.tally.missed += decisions,
            RecordingLine::Decision(decision) => self.decide(&decision),
        }
    }

    fn decide(&mut self, decision: &RecordedDecision) {
        let snapshot = self.cluster.snapshot(decision.as_of);
        let found = match &self.instead {
            Some(instead) => decision.again(&snapshot, &instead.of(&decision.profile)),
            None => decision.again(&snapshot, &decision.profile),
        };
        self.tally.decisions += 1;
        let best = best(decision, &decision.found).zip(best(decision, &found)).map(|(then, now)| [then, now]);
        self.tally.rankings += u64::from(best.as_ref().is_some_and(|[then, _]| !then.is_empty()));
        if found == decision.found {
            self.tally.same += 1;
            return;
        }
        self.tally.elsewhere += u64::from(best.as_ref().is_some_and(|[then, now]| then.is_disjoint(now)));
        let said = said(&decision.found).into_iter().zip(said(&found));
        let nodes = decision.candidates.iter().zip(said).filter(|(_, (then, now))| then != now);
        let nodes =
            nodes.map(|(node, (then, now))| NodeDifference { node: node.to_string(), said: [then, now] });
        self.differences.push(Difference {
            number: self.tally.decisions,
            pod: decision.pod.key.to_string(),
            profile: decision.profile.name.clone(),
            nodes: nodes.collect(),
            best,
        });
    }
}

/// The nodes with the most points, where nodes were ranked.
fn best(decision: &RecordedDecision, found: &Found) -> Option<BTreeSet<String>> {
    let Found::Ranks(ranks) = found else { return None };
    let named = decision.candidates.iter().zip(ranks).filter(|(_, rank)| rank.0 == MAX_POINTS);
    Some(named.map(|(node, _)| node.to_string()).collect())
}

fn said(found: &Found) -> Vec<Said> {
    match found {
        Found::Verdicts(verdicts) => {
            verdicts.iter().map(|refusal| Said::Verdict(refusal.map(|reason| reason.name()))).collect()
        }
        Found::Ranks(ranks) => ranks.iter().copied().map(Said::Rank).collect(),
    }
}
