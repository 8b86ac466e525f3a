//! From a request's bytes to a reply's bytes.

use std::fmt;
use std::sync::Arc;

use super::decisions::Decisions;
use super::metrics::Metrics;
use super::profiles::{Profiles, UnknownProfile};
use super::record::{Draft, Findings};
use super::wire::{self, Arguments, Asked, NodeObject, RequestError};
use crate::clock::Stopwatch;
use crate::cluster::kubernetes::Reader;
use crate::cluster::{Node, ObjectError, Snapshot};
use crate::placement::Candidate;

/// Takes the picture to decide from, with ages counted to the moment of the call.
pub type Picture = Arc<dyn Fn() -> Snapshot + Send + Sync>;

/// What kube-scheduler asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Which of the nodes fit.
    Filter,
    /// How good each of the nodes is.
    Prioritize,
}

impl Verb {
    /// The name in paths, metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Prioritize => "prioritize",
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// At least one candidate fits, or was ranked.
    Answered,
    /// No candidate fits.
    NoneFits,
    /// The request could not be answered; the reply says why.
    Error,
}

impl Outcome {
    /// The name in metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NoneFits => "none-fits",
            Self::Error => "error",
        }
    }
}

/// The body of a reply, always JSON and always with status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The JSON.
    pub body: Vec<u8>,
    /// How the request ended.
    pub outcome: Outcome,
}

/// Why a request cannot be answered.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Profile(#[from] UnknownProfile),
}

/// Everything that answers kube-scheduler: shared by all requests, changed by none of them but for what they leave in
/// the ring of decisions and in the metrics.
pub struct Extender {
    pub(super) picture: Picture,
    pub(super) reader: Reader,
    pub(super) profiles: Profiles,
    pub(super) decisions: Decisions,
    pub(super) metrics: Metrics,
}

impl Extender {
    /// Decides from `picture`, reads objects with `reader`, by one of `profiles`.
    #[must_use]
    pub fn new(picture: Picture, reader: Reader, profiles: Profiles) -> Self {
        Self { picture, reader, profiles, decisions: Decisions::default(), metrics: Metrics::default() }
    }

    /// The decisions taken lately.
    #[must_use]
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// Answers one request. `profile` is the one that the path names. A request that cannot be answered gets an
    /// object with `Error`: kube-scheduler fails filter with its text, and ignores prioritize.
    #[must_use]
    pub fn answer(&self, verb: Verb, profile: Option<&str>, body: &[u8]) -> Reply {
        let watch = Stopwatch::start();
        match self.decide(verb, profile, body) {
            Ok((body, mut draft)) => {
                draft.took = watch.elapsed();
                let none_fits = draft.candidates() > 0 && draft.refusals().count() == draft.candidates();
                let outcome = if none_fits { Outcome::NoneFits } else { Outcome::Answered };
                log(&draft);
                self.metrics.decided(&draft, outcome);
                self.decisions.push(draft);
                Reply { body, outcome }
            }
            Err(error) => {
                tracing::warn!(verb = verb.name(), %error, "request refused");
                self.metrics.refused(verb, watch.elapsed());
                Reply { body: wire::error_reply(&format!("gpulse: {error}")), outcome: Outcome::Error }
            }
        }
    }

    fn decide(
        &self,
        verb: Verb,
        profile: Option<&str>,
        body: &[u8],
    ) -> Result<(Vec<u8>, Draft), AnswerError> {
        let Arguments { pod, asked } = Arguments::parse(body)?;
        let pod = self.reader.pod(&pod)?;
        let scorer = self.profiles.choose(profile, &pod)?;
        let snapshot = (self.picture)();
        let mut unseen = Vec::new();
        let (candidates, objects) = match &asked {
            Asked::Names(names) => (Candidate::all_named(&snapshot, names), None),
            Asked::Objects(objects) => {
                unseen = self.unseen(&snapshot, objects);
                let described = objects.iter().zip(&unseen);
                let candidates = described.map(|(object, unseen)| Candidate {
                    unseen: unseen.as_ref(),
                    ..Candidate::named(&snapshot, object.name.0)
                });
                (candidates.collect::<Vec<_>>(), Some(&objects[..]))
            }
        };
        let (reply, findings) = match verb {
            Verb::Filter => {
                let verdicts = scorer.filter(&snapshot, &pod, &candidates);
                (wire::filter_reply(&candidates, &verdicts, objects), Findings::Verdicts(verdicts))
            }
            Verb::Prioritize => {
                let ranked = scorer.prioritize(&snapshot, &pod, &candidates);
                (wire::prioritize_reply(&candidates, &ranked), Findings::Ranks(ranked))
            }
        };
        let draft = Draft::new(scorer.profile().clone(), pod, snapshot.clone(), &candidates, findings);
        Ok((reply, draft.with_unseen(unseen)))
    }

    /// The nodes of a request that the snapshot does not have, as their objects describe them: empty and unmeasured.
    /// An object that cannot be read leaves its node unknown, as the watch would.
    fn unseen(&self, snapshot: &Snapshot, objects: &[NodeObject<'_>]) -> Vec<Option<Node>> {
        let read = |object: &NodeObject<'_>| {
            if snapshot.slot(object.name.0).is_some() {
                return None;
            }
            let node = serde_json::from_str(object.raw.get()).map_err(|error| error.to_string());
            let facts = node.and_then(|node| self.reader.node(&node).map_err(|error| error.to_string()));
            match facts {
                Ok(facts) => Some(Node::assemble(Arc::new(facts), Vec::new(), Arc::new([]))),
                Err(error) => {
                    tracing::warn!(node = %object.name.0, %error, "node object of a request cannot be read");
                    None
                }
            }
        };
        objects.iter().map(read).collect()
    }
}

/// One event for each decision.
fn log(decision: &Draft) {
    tracing::debug!(
        verb = decision.verb().name(),
        pod = %decision.pod.key,
        profile = %decision.profile.name,
        strategy = decision.profile.strategy.name,
        candidates = decision.candidates(),
        fit = decision.candidates() - decision.refusals().count(),
        best = decision.best(),
        duration_us = decision.took.as_micros() as u64,
        "decided"
    );
}

impl fmt::Debug for Extender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extender").field("profiles", &self.profiles).finish_non_exhaustive()
    }
}
