//! What an answer held and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::dialect::Dialect;
use super::reading::DropReason;

/// What an answer held and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Series of metrics that are read.
    pub series: usize,
    /// Series that say which GPU, but of no node that is known.
    pub unjoined_series: usize,
    /// Devices found: GPUs and MIG instances.
    pub gpus: usize,
    /// Nodes known to offer GPUs.
    pub gpu_nodes: usize,
    /// Those of them that at least one device was found on.
    pub nodes_joined: usize,
    /// Values that count for nothing, by reason.
    pub dropped: BTreeMap<DropReason, usize>,
    /// The dialects that utilizations came in.
    pub dialects: BTreeSet<Dialect>,
    /// The label that gives most series their node.
    pub node_label: Option<String>,
    /// How far the source's clock is ahead of ours, in whole seconds. Sample times are corrected by it.
    pub clock_ahead_seconds: i64,
}

impl Report {
    pub(super) fn drop(&mut self, reason: DropReason) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    /// The value; where it is none, the reason is counted.
    pub(super) fn keep<T>(&mut self, value: Result<T, DropReason>) -> Option<T> {
        value.map_err(|reason| self.drop(reason)).ok()
    }
}
