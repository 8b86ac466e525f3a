//! Why a pod went, or would go, where.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::answer::{Extender, Verb};
use super::record::Decision;
use super::summary::best_first;
use crate::cluster::kubernetes::Pod;
use crate::cluster::{BoundPod, Hold, ObjectError, PodKey, Timestamp};
use crate::placement::{self, Candidate, Explanation};

/// An explanation, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainReply {
    /// Whether this was decided or would be.
    pub origin: Origin,
    /// When.
    pub at: Timestamp,
    /// The API server's identity of the pod; empty for a manifest that was never created.
    pub uid: Arc<str>,
    /// The node that holds the pod now, which may be another than the one ranked best; `None` while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<Arc<str>>,
    /// Whether nodes were ranked. kube-scheduler does not ask for it where fewer than two fit.
    pub ranked: bool,
    /// The decision. Of one taken earlier the strategy's parts are kept for the best 16 nodes.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// Where an explanation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// kube-scheduler asked, and this was answered.
    Decided,
    /// Nobody asked: this is what would be answered now, over all nodes.
    Now,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExplainError {
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Profile(#[from] super::UnknownProfile),
}

impl Extender {
    /// Explains the last decision on a pod, if it is still remembered.
    #[must_use]
    pub fn explain_decided(&self, pod: &PodKey, profile: Option<&str>) -> Option<ExplainReply> {
        let decisions = self.decisions.last(pod, profile);
        let newest = decisions.first()?;
        let mut nodes: Vec<_> = newest.nodes().collect();
        let ranked: HashSet<String> = nodes.iter().map(|node| node.node.clone()).collect();
        for earlier in &decisions[1..] {
            let refused =
                earlier.nodes().filter(|node| node.rejected.is_some() && !ranked.contains(&node.node));
            nodes.extend(refused);
        }
        best_first(&mut nodes);
        Some(ExplainReply { bound_to: self.bound_to(pod, &newest.uid), ..reply(newest, nodes) })
    }

    /// The node that this very pod is bound to.
    fn bound_to(&self, pod: &PodKey, uid: &str) -> Option<Arc<str>> {
        let is_it = |other: &Arc<BoundPod>| {
            other.hold == Hold::Bound && other.request.key == *pod && *other.request.uid == *uid
        };
        let snapshot = (self.picture)();
        let node = snapshot.nodes().find(|node| node.pods().iter().any(is_it))?;
        Some(node.name().clone())
    }

    /// Explains what would be decided on a pod now, over all nodes of the cluster.
    pub(super) fn explain_now(&self, pod: &Pod, profile: Option<&str>) -> Result<ExplainReply, ExplainError> {
        let pod = self.reader.pod(pod)?;
        let profile = self.profiles.choose(profile, &pod)?.profile();
        let snapshot = (self.picture)();
        let explanation = placement::explain(&snapshot, &pod, profile, &Candidate::everyone(&snapshot));
        Ok(ExplainReply {
            origin: Origin::Now,
            at: snapshot.as_of,
            uid: pod.uid.clone(),
            bound_to: None,
            ranked: true,
            explanation,
        })
    }
}

fn reply(newest: &Decision, nodes: Vec<placement::NodeExplanation>) -> ExplainReply {
    ExplainReply {
        origin: Origin::Decided,
        at: newest.at,
        uid: newest.uid.clone(),
        bound_to: None,
        ranked: newest.verb == Verb::Prioritize,
        explanation: Explanation {
            pod: newest.pod.clone(),
            profile: newest.profile.name.clone(),
            strategy: newest.profile.strategy.name.to_owned(),
            utilization_weight: newest.profile.utilization.weight,
            nodes,
        },
    }
}
