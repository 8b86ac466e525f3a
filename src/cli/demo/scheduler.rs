//! What kube-scheduler does with an extender: filter, then prioritize what is left, then take the best.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::recording::Recording;
use super::workload::Request;

/// Calls one extender, as kube-scheduler would.
pub(super) struct Scheduler {
    client: reqwest::Client,
    url: String,
}

/// What became of a pod.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The node it goes to, and its points.
    Bound { node: String, points: i64 },
    /// No node fits: how many refused for which reason.
    Refused(BTreeMap<String, usize>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterResult {
    node_names: Option<Vec<String>>,
    failed_nodes: Option<BTreeMap<String, String>>,
    failed_and_unresolvable_nodes: Option<BTreeMap<String, String>>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostPriority {
    host: String,
    score: i64,
}

impl Scheduler {
    /// Calls the extender at this URL.
    pub(super) fn new(client: reqwest::Client, url: String) -> Self {
        Self { client, url }
    }

    /// Asks where the pod should go.
    pub(super) async fn place(
        &self,
        request: &Request,
        nodes: &[String],
        recording: &Recording,
    ) -> anyhow::Result<Outcome> {
        let pod = request.manifest();
        let filtered: FilterResult = self.call("filter", &pod, nodes).await?;
        if let Some(error) = filtered.error.filter(|error| !error.is_empty()) {
            bail!("filter answered: {error}");
        }
        let fitting = filtered.node_names.unwrap_or_default();
        if fitting.is_empty() {
            let refused = filtered.failed_nodes.into_iter().chain(filtered.failed_and_unresolvable_nodes);
            let mut reasons = BTreeMap::new();
            refused
                .flat_map(BTreeMap::into_values)
                .for_each(|reason| *reasons.entry(reason).or_default() += 1);
            return Ok(Outcome::Refused(reasons));
        }
        let ranked: Vec<HostPriority> = self.call("prioritize", &pod, &fitting).await?;
        // kube-scheduler breaks ties at random; the demo by a draw that both copies of the cluster share.
        let draw = |host: &str| recording.draw(&format!("tie/{}/{host}", request.name));
        let best = ranked.into_iter().max_by_key(|ranked| (ranked.score, draw(&ranked.host)));
        let best = best.context("prioritize answered an empty list")?;
        Ok(Outcome::Bound { node: best.host, points: best.score })
    }

    async fn call<T: DeserializeOwned>(
        &self,
        verb: &str,
        pod: &Value,
        nodes: &[String],
    ) -> anyhow::Result<T> {
        let url = format!("{}/{verb}", self.url);
        let arguments = json!({"Pod": pod, "Nodes": null, "NodeNames": nodes});
        let reply = self.client.post(&url).json(&arguments).send().await?.error_for_status()?;
        reply.json().await.with_context(|| format!("{url} answered something else than expected"))
    }
}
