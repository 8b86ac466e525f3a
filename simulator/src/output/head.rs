//! What an experiment was made of: what every report of runs begins with.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::figure::number::{count, decimal};
use super::fingerprint::fingerprint;
use crate::run::Traffic;
use crate::runs::Shard;
use crate::workload::Workload;

/// The version of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Which program made a report, on which cluster and pods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentHead {
    /// The version that made it.
    pub version: String,
    /// The command that made it.
    pub command: String,
    /// A hash of the cluster and the pods, with their times where time counts: equal for equal input.
    pub input: String,
    /// Nodes of the cluster.
    pub nodes: usize,
    /// GPUs of the cluster.
    pub gpus: u64,
    /// The pods that were given.
    pub pods: PodsReport,
}

/// The pods that were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodsReport {
    /// How many.
    pub count: usize,
    /// The GPUs that they ask for, in thousandths of one.
    pub gpu_milli: u64,
    /// GPU models that they name and no node has, with the number of pods.
    pub unknown_models: BTreeMap<String, u64>,
}

impl ExperimentHead {
    /// Of a command's work on a workload, and on its traffic where time counts.
    pub(super) fn of(command: &str, workload: &Workload, traffic: Option<&Traffic>) -> Self {
        let gpu_milli = workload.pods.iter().map(|pod| workload.class(*pod).gpu_milli).sum();
        let unknown_models = workload.unknown_models.clone();
        Self {
            version: VERSION.into(),
            command: command.into(),
            input: fingerprint(workload, traffic).unwrap_or_default(),
            nodes: workload.slots.len(),
            gpus: workload.capacity_milli / 1000,
            pods: PodsReport { count: workload.pods.len(), gpu_milli, unknown_models },
        }
    }

    /// In a sentence.
    pub(super) fn sentence(&self) -> String {
        let gpus = self.pods.gpu_milli as f64 / 1000.0;
        format!(
            "{} nodes with {} GPUs; {} pods that ask for {gpus:.1} GPUs.",
            self.nodes, self.gpus, self.pods.count
        )
    }
}

/// Seeds in a few words.
pub(super) fn seeds(seeds: &[u64]) -> String {
    match seeds {
        [seed] => format!("seed {seed}"),
        [first, .., last] => format!("seeds {first} to {last} (mean ± standard deviation)"),
        [] => "no seed".into(),
    }
}

/// Which part of the runs a report is of, where it is one.
pub(super) fn part(shard: Shard) -> String {
    if shard.is_whole() { String::new() } else { format!(", part {shard} of the runs") }
}

/// How long a run took on average, in seconds; nothing where nobody knows, as of results that were joined.
pub(super) fn seconds_a_run(took: Duration, runs: usize) -> String {
    if took.is_zero() { "-".into() } else { format!("{:.3}", took.as_secs_f64() / runs as f64) }
}

/// What a report begins with whose runs were not all done.
pub(super) fn partial(partial: bool) -> &'static str {
    if partial { "PARTIAL: stopped before all runs were done.\n" } else { "" }
}

/// What every experiment is asked, for pages.
pub(super) fn asked<T>(
    head: &ExperimentHead,
    seeds: &[u64],
    strategies: &[T],
    name: fn(&T) -> &str,
) -> Vec<(&'static str, String)> {
    let gpus = decimal(head.pods.gpu_milli as f64 / 1000.0, 1);
    let seeds = match seeds {
        [] => "none".into(),
        [seed] => seed.to_string(),
        [first, .., last] => format!("{first} to {last}; ± is the standard deviation over them"),
    };
    vec![
        ("Cluster", format!("{} nodes with {} GPUs", count(head.nodes as u64), count(head.gpus))),
        ("Pods", format!("{} in the table, which ask for {gpus} GPUs", count(head.pods.count as u64))),
        ("Strategies", strategies.iter().map(name).collect::<Vec<_>>().join(", ")),
        ("Seeds", seeds),
    ]
}
