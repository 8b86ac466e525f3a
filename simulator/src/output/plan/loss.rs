//! Who finds no place any more when nodes are lost.

use std::collections::BTreeMap;
use std::io::{Result, Write};

use serde::Serialize;

use super::{by_strategy, count, named, reasons};
use crate::output::head::seeds;
use crate::output::{Document, ExperimentHead, grid};
use crate::placement::Strategy;
use crate::plan::Loss;
use crate::workload::Workload;

/// The result of `gpulse-sim plan loss`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LossReport {
    /// Which program made it, on which cluster and pods.
    #[serde(flatten)]
    pub head: ExperimentHead,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The label whose values are lost, none where each node is lost for itself.
    pub label: Option<String>,
    /// By strategy.
    pub strategies: Vec<StrategyLoss>,
}

/// What losses do under a strategy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyLoss {
    /// Its name.
    pub name: &'static str,
    /// How many of the domains can be lost without a pod losing its place for good, whatever the seed.
    pub safe: usize,
    /// Each domain, the worst first: as it is for the seed that leaves most homeless.
    pub domains: Vec<DomainLoss>,
}

/// What the loss of a domain does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainLoss {
    /// What is lost.
    pub name: String,
    /// Its nodes.
    pub nodes: usize,
    /// Pods that were there.
    pub pods: u64,
    /// Those of them that find no other place.
    pub homeless: u64,
    /// The GPUs that these ask for.
    pub homeless_gpus: u64,
    /// What stops them, with the pods.
    pub refusals: BTreeMap<&'static str, u64>,
}

impl LossReport {
    /// Of what was found for each strategy and seed.
    #[must_use]
    pub fn of(
        workload: &Workload,
        label: Option<&str>,
        seeds: &[u64],
        found: &[(&'static Strategy, Vec<Loss>)],
    ) -> Self {
        Self {
            head: ExperimentHead::of("plan loss", workload, None),
            seeds: seeds.to_vec(),
            label: label.map(str::to_owned),
            strategies: by_strategy(found)
                .into_iter()
                .map(|(strategy, by_seed)| StrategyLoss::of(strategy, &by_seed))
                .collect(),
        }
    }

    /// Whether nothing is missed under any strategy.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.strategies.iter().all(|strategy| strategy.safe == strategy.domains.len())
    }

    /// The answer.
    #[must_use]
    pub fn sentence(&self) -> String {
        let what = self.label.as_ref().map_or("node".to_owned(), |label| format!("value of {label}"));
        let of = |strategy: &StrategyLoss| {
            let all = strategy.domains.len();
            match strategy.domains.first().filter(|worst| worst.homeless > 0) {
                None => format!(
                    "Under {} any one of {} may be lost: every pod finds another place.",
                    strategy.name,
                    count(all as u64, &what)
                ),
                Some(worst) => format!(
                    "Under {} {} of {} may be lost; the worst loss is {}, which leaves {} without a place ({}).",
                    strategy.name,
                    strategy.safe,
                    count(all as u64, &what),
                    worst.name,
                    count(worst.homeless, "pod"),
                    count(worst.homeless_gpus, "GPU"),
                ),
            }
        };
        self.strategies.iter().map(of).collect::<Vec<_>>().join(" ")
    }
}

impl StrategyLoss {
    fn of(strategy: &'static Strategy, by_seed: &[&Vec<Loss>]) -> Self {
        let domains = by_seed.first().map_or(0, |losses| losses.len());
        let worst = |domain: usize| {
            let losses = by_seed.iter().filter_map(|losses| losses.get(domain));
            // Of equals the first seed's.
            losses.reduce(|worst, other| {
                let bad = |loss: &Loss| (loss.homeless, loss.homeless_gpus);
                if bad(other) > bad(worst) { other } else { worst }
            })
        };
        let mut domains: Vec<DomainLoss> = (0..domains).filter_map(worst).map(DomainLoss::of).collect();
        // Stable: equals stay in the cluster's order.
        domains.sort_by_key(|loss| std::cmp::Reverse((loss.homeless, loss.homeless_gpus)));
        let safe = domains.iter().filter(|loss| loss.homeless == 0).count();
        Self { name: strategy.name, safe, domains }
    }
}

impl DomainLoss {
    fn of(loss: &Loss) -> Self {
        Self {
            name: loss.domain.to_string(),
            nodes: loss.nodes,
            pods: loss.pods,
            homeless: loss.homeless,
            homeless_gpus: loss.homeless_gpus,
            refusals: named(&loss.refusals),
        }
    }
}

/// How many of the worst losses people are shown.
const SHOWN: usize = 10;

impl Document for LossReport {
    fn to_text(&self) -> String {
        let mut text = format!("{}\n\n{} {}.\n", self.sentence(), self.head.sentence(), seeds(&self.seeds));
        for strategy in &self.strategies {
            let shown: Vec<&DomainLoss> =
                strategy.domains.iter().filter(|loss| loss.homeless > 0).take(SHOWN).collect();
            if shown.is_empty() {
                continue;
            }
            text += &format!("\n{}, the worst losses:\n", strategy.name);
            let header = ["nodes", "pods there", "without a place", "their GPUs", "what stops them (pods)"];
            let row = |loss: &DomainLoss| {
                let numbers = [loss.nodes as u64, loss.pods, loss.homeless, loss.homeless_gpus];
                numbers.iter().map(ToString::to_string).chain([reasons(&loss.refusals)]).collect()
            };
            let rows = shown.iter().map(|loss| (loss.name.as_str(), row(loss)));
            text += &grid::named("lost", header.into_iter().map(str::to_owned), rows);
        }
        text
    }

    /// A line for each strategy and domain.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        csv.write_record(["strategy", "lost", "nodes", "pods", "homeless", "homeless_gpus"])?;
        for strategy in &self.strategies {
            for loss in &strategy.domains {
                let numbers = [loss.nodes as u64, loss.pods, loss.homeless, loss.homeless_gpus];
                let names = [strategy.name.to_owned(), loss.name.clone()].into_iter();
                csv.write_record(names.chain(numbers.iter().map(ToString::to_string)))?;
            }
        }
        csv.flush()
    }
}
