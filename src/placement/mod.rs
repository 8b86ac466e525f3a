//! THE decision: which nodes a pod fits ([`filter`]) and which of them it should go to ([`prioritize`]).
//!
//! Pure, deterministic and total: no clock, no randomness but a recorded seed, no panic on any input. The order of the
//! candidates changes no verdict and no score. [`explain`] runs the same code and keeps what it saw on the way.
//!
//! ```text
//! candidate --(fit)--> verdict
//! candidate --(strategy)--> score --+
//!           --(utilization)-> term -+--(blend)--> combined --(points)--> 0..=10
//! ```

mod blend;
mod explain;
mod fit;
mod points;
mod profile;
mod reason;
mod recording;
mod score;
mod scorer;
pub mod strategy;
mod utilization;

use crate::cluster::{Node, PodRequest, Slot, Snapshot};

pub use blend::Ranked;
pub use explain::{Explanation, LoadExplanation, NodeExplanation, Part, PoolExplanation, explain};
pub use points::MAX_POINTS;
pub use profile::{AffinityRules, LabelPreference, OwnerRule, Profile, ResourceWeights, UtilizationRules};
pub use reason::Reason;
pub use recording::{Found, Rank, RecordedDecision, RecordingHeader, RecordingLine};
pub use score::Score;
pub use scorer::{Choice, Scorer};
pub use strategy::{Market, STRATEGIES, Strategy};
pub use utilization::Reading;

/// A node that is asked about. Thousands are walked for a decision: it holds where the node stands, not the node.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The name it was asked for by.
    pub name: &'a str,
    /// Where the snapshot has it.
    pub slot: Option<Slot>,
    /// The node as somebody else describes it, where the snapshot does not have it.
    pub unseen: Option<&'a Node>,
}

impl<'a> Candidate<'a> {
    /// The node of that name in the snapshot, known or not.
    #[must_use]
    pub fn named(snapshot: &Snapshot, name: &'a str) -> Self {
        Self { name, slot: snapshot.slot(name), unseen: None }
    }

    /// The nodes of these names, known or not.
    #[must_use]
    pub fn all_named<N: AsRef<str>>(snapshot: &Snapshot, names: &'a [N]) -> Vec<Self> {
        let mut candidates = Vec::with_capacity(names.len());
        snapshot.slots(names, |name, slot| candidates.push(Self { name, slot, unseen: None }));
        candidates
    }

    /// All nodes of the snapshot.
    #[must_use]
    pub fn everyone(snapshot: &'a Snapshot) -> Vec<Self> {
        snapshot.nodes().map(|node| Self::named(snapshot, node.name())).collect()
    }

    /// The node, or `None` where nobody has heard of it yet.
    #[must_use]
    pub fn node(&self, snapshot: &'a Snapshot) -> Option<&'a Node> {
        self.slot.map_or(self.unseen, |slot| snapshot.at(slot).map(AsRef::as_ref))
    }
}

/// What filter says of a candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verdict {
    /// The pod can go there.
    #[default]
    Fits,
    /// It cannot, and why.
    Rejected(Reason),
}

impl Verdict {
    fn of(inquiry: &Inquiry<'_>, node: &Node) -> Self {
        fit::refusal(inquiry, node).map_or(Self::Fits, Self::Rejected)
    }

    /// Why the pod cannot go there, if so.
    #[must_use]
    pub fn refusal(self) -> Option<Reason> {
        match self {
            Self::Fits => None,
            Self::Rejected(reason) => Some(reason),
        }
    }
}

/// A pod's question as the parts of a decision see it.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// The cluster.
    pub snapshot: &'a Snapshot,
    /// The pod to place.
    pub pod: &'a PodRequest,
    /// By which policy.
    pub profile: &'a Profile,
    /// What scarce room costs, where the strategy asks for it.
    pub market: Option<&'a Market>,
}

/// Says of each candidate whether the pod fits. A node that nobody has heard of fits: it may be one that just joined,
/// or one that Cluster Autoscaler only imagines.
#[must_use]
pub fn filter(
    snapshot: &Snapshot,
    pod: &PodRequest,
    profile: &Profile,
    candidates: &[Candidate<'_>],
) -> Vec<Verdict> {
    let inquiry = Inquiry { snapshot, pod, profile, market: None };
    candidates.iter().map(|candidate| verdict(&inquiry, candidate)).collect()
}

fn verdict(inquiry: &Inquiry<'_>, candidate: &Candidate<'_>) -> Verdict {
    candidate.node(inquiry.snapshot).map_or(Verdict::Fits, |node| Verdict::of(inquiry, node))
}

/// Ranks the candidates: the higher the points, the better. A node that nobody has heard of gets the lowest score,
/// since nothing can be said for it.
#[must_use]
pub fn prioritize(
    snapshot: &Snapshot,
    pod: &PodRequest,
    profile: &Profile,
    candidates: &[Candidate<'_>],
) -> Vec<Ranked> {
    let market = profile.strategy.market(snapshot);
    let inquiry = Inquiry { snapshot, pod, profile, market: market.as_ref() };
    let judge = |node| blend::Judged {
        strategy: profile.strategy.score(&inquiry, node, &mut |_, _| {}),
        reading: utilization::read(&inquiry, node),
    };
    blend::rank(profile, candidates.iter().map(|candidate| candidate.node(snapshot).map(judge)))
}
