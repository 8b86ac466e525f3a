//! What is known of the node, for whoever looks at it rather than scrapes it: the averages' window stays open.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::attribution::Attribution;
use super::page::Layout;
use super::reading::Reading;
use super::view::View;
use crate::cluster::Timestamp;

/// The node as it is known at one time: the JSON of `GET /v1/gpus` and of `gpulse agent --once`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The agent's time.
    pub now: Timestamp,
    /// The node's name; empty where the agent was not told.
    pub node: String,
    /// What was read longer ago says nothing of now.
    pub show_for_millis: u64,
    /// The GPUs as read last; absent before the first reading.
    pub reading: Option<Arc<Reading>>,
    /// What keeps the whole node from being read, and what to do.
    pub trouble: Option<String>,
    /// What else is wrong: with finding out whose the devices are, or with XID errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// XID errors since the agent started: by GPU (UUID) and number, how often.
    pub xids: BTreeMap<Arc<str>, BTreeMap<u64, u64>>,
    /// Whose the devices are; absent where nobody has found out.
    pub attribution: Option<Arc<Attribution>>,
}

impl Overview {
    /// The same as the page of metrics shows, without averages.
    #[must_use]
    pub fn of(view: &View, layout: &Layout) -> Self {
        let gpus = view.reading.iter().flat_map(|reading| &reading.gpus);
        let xids = gpus
            .filter_map(|gpu| Some(gpu.identity.as_ref()?.uuid.clone()))
            .map(|uuid| (uuid.clone(), view.xids.counts(&uuid).collect()))
            .filter(|(_, counts): &(_, BTreeMap<u64, u64>)| !counts.is_empty());
        let holders = view.holders.iter().flat_map(|holders| holders.faults()).map(ToString::to_string);
        let problems = holders.chain(view.xids.fault().map(str::to_owned)).collect();
        Self {
            now: view.now,
            node: layout.node.clone(),
            show_for_millis: u64::try_from(layout.show_for.as_millis()).unwrap_or(u64::MAX),
            xids: xids.collect(),
            reading: view.reading.clone(),
            trouble: view.trouble.as_ref().map(ToString::to_string),
            problems,
            attribution: view.attribution.clone(),
        }
    }
}
