//! Which nodes could go.

use std::collections::BTreeMap;
use std::io::{Result, Write};

use serde::Serialize;

use super::{by_strategy, count};
use crate::output::head::seeds;
use crate::output::{Document, ExperimentHead, grid};
use crate::placement::Strategy;
use crate::plan::{Gone, Shrunk};
use crate::stats::Spread;
use crate::workload::Workload;

/// The result of `gpulse-sim plan shrink`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShrinkReport {
    /// Which program made it, on which cluster and pods.
    #[serde(flatten)]
    pub head: ExperimentHead,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// How many nodes were to go; none where as many as can were.
    pub wanted: Option<usize>,
    /// By strategy.
    pub strategies: Vec<StrategyShrink>,
}

/// What could go under a strategy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyShrink {
    /// Its name.
    pub name: &'static str,
    /// How many nodes could go, over the seeds.
    pub nodes: Spread,
    /// Their GPUs.
    pub gpus: Spread,
    /// Pods that move before.
    pub moved: Spread,
    /// The nodes, in the order in which they go, for the first seed.
    pub gone: Vec<GoneNode>,
}

/// A node that could go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GoneNode {
    /// Its name.
    pub name: String,
    /// Its GPU model, where it is known.
    pub model: Option<String>,
    /// Its GPUs.
    pub gpus: u64,
    /// Pods that move before.
    pub moved: u64,
}

impl ShrinkReport {
    /// Of what was found for each strategy and seed.
    #[must_use]
    pub fn of(
        workload: &Workload,
        wanted: Option<usize>,
        seeds: &[u64],
        found: &[(&'static Strategy, Shrunk)],
    ) -> Self {
        let spread = |shrunk: &[&Shrunk], value: fn(&Gone) -> u64| {
            let sum = |shrunk: &&Shrunk| shrunk.nodes.iter().map(value).sum::<u64>() as f64;
            Spread::of(&shrunk.iter().map(sum).collect::<Vec<_>>())
        };
        let gone = |gone: &Gone| GoneNode {
            name: gone.name.to_string(),
            model: gone.model.clone(),
            gpus: gone.gpus,
            moved: gone.moved,
        };
        let strategy = |(strategy, shrunk): (&'static Strategy, Vec<&Shrunk>)| StrategyShrink {
            name: strategy.name,
            nodes: spread(&shrunk, |_| 1),
            gpus: spread(&shrunk, |gone| gone.gpus),
            moved: spread(&shrunk, |gone| gone.moved),
            gone: shrunk.first().map(|shrunk| shrunk.nodes.iter().map(gone).collect()).unwrap_or_default(),
        };
        Self {
            head: ExperimentHead::of("plan shrink", workload, None),
            seeds: seeds.to_vec(),
            wanted,
            strategies: by_strategy(found).into_iter().map(strategy).collect(),
        }
    }

    /// Whether as many nodes could go as were to, under one of the strategies at least.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        let reached = |wanted| self.strategies.iter().any(|strategy| strategy.gone.len() >= wanted);
        self.wanted.is_none_or(reached)
    }

    /// The answer.
    #[must_use]
    pub fn sentence(&self) -> String {
        let of = |strategy: &StrategyShrink| {
            let nodes = strategy.gone.len() as u64;
            let gpus = strategy.gone.iter().map(|gone| gone.gpus).sum();
            let moved = strategy.gone.iter().map(|gone| gone.moved).sum();
            format!(
                "Under {} {} of {} could go ({}), after {} moved.",
                strategy.name,
                nodes,
                count(self.head.nodes as u64, "node"),
                count(gpus, "GPU"),
                count(moved, "pod"),
            )
        };
        self.strategies.iter().map(of).collect::<Vec<_>>().join(" ")
    }
}

impl Document for ShrinkReport {
    fn to_text(&self) -> String {
        let header = ["nodes that could go", "their GPUs", "pods that move"].into_iter().map(str::to_owned);
        let cell = |spread: Spread| format!("{:.1} ±{:.1}", spread.mean, spread.sd);
        let row =
            |strategy: &StrategyShrink| [strategy.nodes, strategy.gpus, strategy.moved].map(cell).to_vec();
        let rows = self.strategies.iter().map(|strategy| (strategy.name, row(strategy)));
        let mut text = format!(
            "{}\n\n{}{} {}.\n\n{}",
            self.sentence(),
            self.head.sentence(),
            self.wanted
                .map_or_else(String::new, |wanted| format!(" Wanted: {}.", count(wanted as u64, "node"))),
            seeds(&self.seeds),
            grid::text(header, rows),
        );
        for strategy in self.strategies.iter().filter(|strategy| !strategy.gone.is_empty()) {
            text += &format!("\n{}, by model (first seed; --output csv names each node):\n", strategy.name);
            let mut models: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
            for gone in &strategy.gone {
                let sums = models.entry(gone.model.as_deref().unwrap_or("-")).or_default();
                *sums = [sums[0] + 1, sums[1] + gone.gpus, sums[2] + gone.moved];
            }
            let header = ["nodes", "GPUs", "pods that move"].into_iter().map(str::to_owned);
            let rows =
                models.iter().map(|(model, sums)| (*model, sums.iter().map(ToString::to_string).collect()));
            text += &grid::named("model", header, rows);
        }
        text
    }

    /// A line for each strategy and node, in the order in which the nodes go.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        csv.write_record(["strategy", "order", "node", "model", "gpus", "moved"])?;
        for strategy in &self.strategies {
            for (order, gone) in (1..).zip(&strategy.gone) {
                let (order, gpus, moved): (u64, _, _) =
                    (order, gone.gpus.to_string(), gone.moved.to_string());
                let model = gone.model.as_deref().unwrap_or("");
                csv.write_record([strategy.name, &order.to_string(), &gone.name, model, &gpus, &moved])?;
            }
        }
        csv.flush()
    }
}
