//! What `place` says.

mod table;

use std::collections::BTreeMap;
use std::io::{Result, Write};

use serde::Serialize;

use super::Document;
use crate::place::Placement;
use crate::placement::{Profile, Reason, Score};

/// Where pods would go.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version that made it.
    pub version: &'static str,
    /// The command that made it.
    pub command: &'static str,
    /// The policy that decided.
    pub profile: Profile,
    /// Nodes of the cluster.
    pub nodes: usize,
    /// The pods, in the order in which they came.
    pub pods: Vec<PodReport>,
}

/// Where a pod would go.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodReport {
    /// Its namespace and name.
    pub pod: String,
    /// Its node; none where it fits nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The node's score, in millionths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// The other nodes with the most points: kube-scheduler would choose among them all.
    pub ties: Vec<String>,
    /// How many nodes it fits.
    pub fits: usize,
    /// How many it does not fit, by reason.
    pub refused: BTreeMap<&'static str, usize>,
}

impl Report {
    /// Of placements on so many nodes.
    #[must_use]
    pub fn of(profile: Profile, nodes: usize, placements: Vec<Placement>) -> Self {
        let (version, command) = (env!("CARGO_PKG_VERSION"), "place");
        Self { version, command, profile, nodes, pods: placements.into_iter().map(PodReport::of).collect() }
    }

    /// How many pods found no place.
    #[must_use]
    pub fn without_place(&self) -> usize {
        self.pods.iter().filter(|pod| pod.node.is_none()).count()
    }
}

impl PodReport {
    fn of(placement: Placement) -> Self {
        let choice = placement.choice.as_ref();
        let refused = placement.refused.iter().map(|(reason, nodes)| (Reason::name(*reason), *nodes));
        Self {
            pod: placement.pod.to_string(),
            node: choice.map(|choice| choice.node.to_string()),
            score: choice.map(|choice| choice.score),
            ties: choice.iter().flat_map(|choice| &choice.ties).map(ToString::to_string).collect(),
            fits: placement.fits,
            refused: refused.collect(),
        }
    }
}

impl Document for Report {
    fn to_text(&self) -> String {
        table::text(self)
    }

    /// A line for each pod; ties are joined by a bar.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        let reasons = Reason::ALL.map(|reason| format!("refused_{}", reason.name().replace('-', "_")));
        let fixed = ["pod", "node", "score", "ties", "fits"].map(str::to_owned);
        csv.write_record(fixed.into_iter().chain(reasons))?;
        for pod in &self.pods {
            let node = pod.node.clone().unwrap_or_default();
            let score = pod.score.map_or_else(String::new, |score| score.millionths().to_string());
            let fixed = [pod.pod.clone(), node, score, pod.ties.join("|"), pod.fits.to_string()];
            let refused = |reason: Reason| pod.refused.get(reason.name()).unwrap_or(&0).to_string();
            csv.write_record(fixed.into_iter().chain(Reason::ALL.map(refused)))?;
        }
        csv.flush()
    }
}
