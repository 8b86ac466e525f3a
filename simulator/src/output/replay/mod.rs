//! What `replay` says.

mod table;

use std::collections::BTreeSet;
use std::io::{Result, Write};

use serde::Serialize;

use super::Document;
use crate::placement::MAX_POINTS;
use crate::replay::{Difference, Instead, NodeDifference, Replay, Said};

/// What came of deciding again.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version that decided again.
    pub version: &'static str,
    /// The command that made it.
    pub command: &'static str,
    /// The version of the gpulse that decided then.
    pub recorded_by: String,
    /// The policy in place of each decision's own, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<Instead>,
    /// Decisions.
    pub decisions: u64,
    /// Those that came out the same.
    pub same: u64,
    /// Rankings of at least one node.
    pub rankings: u64,
    /// Rankings whose best nodes are all others.
    pub elsewhere: u64,
    /// Decisions that the recording lacks.
    pub missed: u64,
    /// The decisions that came out otherwise.
    pub differences: Vec<DifferenceReport>,
}

/// A decision that came out otherwise.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceReport {
    /// Which decision of the recording, from 1.
    pub decision: u64,
    /// The pod's namespace and name.
    pub pod: String,
    /// The profile that decided then.
    pub profile: String,
    /// The nodes with the most points then, where nodes were ranked.
    pub best_then: Option<BTreeSet<String>>,
    /// The nodes with the most points now.
    pub best_now: Option<BTreeSet<String>>,
    /// The nodes of which something else was said.
    pub nodes: Vec<NodeReport>,
}

/// A node of which something else was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeReport {
    /// The node.
    pub node: String,
    /// What was said then.
    pub then: SaidReport,
    /// What is said now.
    pub now: SaidReport,
}

/// What is said of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SaidReport {
    /// Why the pod does not fit, where filter was asked and it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'static str>,
    /// Points, 0 to 10, where prioritize was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u8>,
    /// The score behind them, in millionths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<u32>,
}

impl Report {
    /// Of a replay.
    #[must_use]
    pub fn of(recorded_by: String, instead: Option<Instead>, replay: Replay) -> Self {
        let tally = replay.tally;
        Self {
            version: env!("CARGO_PKG_VERSION"),
            command: "replay",
            recorded_by,
            instead,
            decisions: tally.decisions,
            same: tally.same,
            rankings: tally.rankings,
            elsewhere: tally.elsewhere,
            missed: tally.missed,
            differences: replay.differences.into_iter().map(DifferenceReport::of).collect(),
        }
    }
}

impl DifferenceReport {
    fn of(difference: Difference) -> Self {
        let (best_then, best_now) = difference.best.map(|[then, now]| (then, now)).unzip();
        Self {
            decision: difference.number,
            pod: difference.pod,
            profile: difference.profile.to_string(),
            best_then,
            best_now,
            nodes: difference.nodes.into_iter().map(NodeReport::of).collect(),
        }
    }

    /// The points that the nodes that were best then have now: the most of any of them.
    fn points_now(&self) -> u8 {
        let then = self.best_then.iter().flatten();
        let points = then.map(|best| {
            let node = self.nodes.iter().find(|node| node.node == *best);
            node.and_then(|node| node.now.points).unwrap_or(MAX_POINTS)
        });
        points.max().unwrap_or(0)
    }
}

impl NodeReport {
    fn of(difference: NodeDifference) -> Self {
        let [then, now] = difference.said.map(SaidReport::of);
        Self { node: difference.node, then, now }
    }
}

impl SaidReport {
    fn of(said: Said) -> Self {
        match said {
            Said::Verdict(refused) => Self { refused, points: None, score: None },
            Said::Rank(rank) => {
                Self { refused: None, points: Some(rank.0), score: Some(rank.1.millionths()) }
            }
        }
    }
}

impl Document for Report {
    fn to_text(&self) -> String {
        table::text(self)
    }

    /// A line for each node of which something else was said.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        let said = ["refused", "points", "score"];
        let said = ["then", "now"].into_iter().flat_map(|when| said.map(|what| format!("{what}_{when}")));
        csv.write_record(["decision", "pod", "profile", "node"].map(str::to_owned).into_iter().chain(said))?;
        for difference in &self.differences {
            for NodeReport { node, then, now } in &difference.nodes {
                let fixed = [
                    difference.decision.to_string(),
                    difference.pod.clone(),
                    difference.profile.clone(),
                    node.clone(),
                ];
                let fields = |said: &SaidReport| {
                    let number =
                        |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
                    [
                        said.refused.unwrap_or_default().to_owned(),
                        number(said.points.map(u32::from)),
                        number(said.score),
                    ]
                };
                csv.write_record(fixed.into_iter().chain(fields(then)).chain(fields(now)))?;
            }
        }
        csv.flush()
    }
}
