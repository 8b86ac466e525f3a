//! How many more copies of a pod fit.

use std::collections::BTreeMap;
use std::io::{Result, Write};

use serde::Serialize;

use super::{by_strategy, named, reasons};
use crate::output::head::seeds;
use crate::output::{Document, ExperimentHead, grid};
use crate::placement::{Reason, Strategy};
use crate::plan::Copies;
use crate::stats::Spread;
use crate::workload::Workload;

/// The result of `gpulse-sim plan copies`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CopiesReport {
    /// Which program made it, on which cluster and pods.
    #[serde(flatten)]
    pub head: ExperimentHead,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// What the pod asks for.
    pub pod: String,
    /// By strategy.
    pub strategies: Vec<StrategyCopies>,
}

/// How many copies fit under a strategy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyCopies {
    /// Its name.
    pub name: &'static str,
    /// How many fit, over the seeds.
    pub fit: Spread,
    /// On how many nodes.
    pub nodes: Spread,
    /// Why the nodes refuse the next one, with how many of them, for the first seed.
    pub refusals: BTreeMap<&'static str, u64>,
}

impl CopiesReport {
    /// Of what was found for each strategy and seed.
    #[must_use]
    pub fn of(workload: &Workload, pod: &str, seeds: &[u64], found: &[(&'static Strategy, Copies)]) -> Self {
        let spread = |copies: &[&Copies], value: fn(&Copies) -> u64| {
            Spread::of(&copies.iter().map(|copies| value(copies) as f64).collect::<Vec<_>>())
        };
        let strategy = |(strategy, copies): (&'static Strategy, Vec<&Copies>)| StrategyCopies {
            name: strategy.name,
            fit: spread(&copies, |copies| copies.fit),
            nodes: spread(&copies, |copies| copies.nodes),
            refusals: copies.first().map(|copies| named(&copies.refusals)).unwrap_or_default(),
        };
        Self {
            head: ExperimentHead::of("plan copies", workload, None),
            seeds: seeds.to_vec(),
            pod: pod.to_owned(),
            strategies: by_strategy(found).into_iter().map(strategy).collect(),
        }
    }

    /// The answer.
    #[must_use]
    pub fn sentence(&self) -> String {
        let best = self
            .strategies
            .iter()
            .reduce(|best, other| if other.fit.mean > best.fit.mean { other } else { best });
        let Some(best) = best else { return String::new() };
        let fit =
            |strategy: &StrategyCopies| format!("{} under {}", number(strategy.fit.mean), strategy.name);
        let others: Vec<String> =
            self.strategies.iter().filter(|other| other.name != best.name).map(fit).collect();
        let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
        let next = match reasons(&best.refusals) {
            none if none.is_empty() => String::new(),
            reasons => format!(" What stops the next one, and on how many nodes: {reasons}."),
        };
        format!("{} more of this pod fit under {}{others}.{next}", number(best.fit.mean), best.name)
    }
}

/// A mean count without decimals that say nothing.
fn number(mean: f64) -> String {
    if mean.fract() == 0.0 { format!("{mean:.0}") } else { format!("{mean:.1}") }
}

impl Document for CopiesReport {
    fn to_text(&self) -> String {
        let header = ["fit", "on nodes"].into_iter().map(str::to_owned);
        let row = |strategy: &StrategyCopies| {
            let cell = |spread: Spread| format!("{:.1} ±{:.1}", spread.mean, spread.sd);
            vec![cell(strategy.fit), cell(strategy.nodes)]
        };
        let table = grid::text(header, self.strategies.iter().map(|strategy| (strategy.name, row(strategy))));
        let refusals: String = self
            .strategies
            .iter()
            .map(|strategy| format!("{}: {}\n", strategy.name, reasons(&strategy.refusals)))
            .collect();
        format!(
            "{}\n\n{} The pod: {}; {}.\n\n{table}\nWhat stops the next one, and on how many nodes (first seed):\n{refusals}",
            self.sentence(),
            self.head.sentence(),
            self.pod,
            seeds(&self.seeds),
        )
    }

    /// A line for each strategy; a column for every reason there is.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        let fixed =
            ["strategy", "fit_mean", "fit_sd", "nodes_mean", "nodes_sd"].map(str::to_owned).into_iter();
        let columns = Reason::ALL.map(|reason| format!("refused_{}", reason.name().replace('-', "_")));
        csv.write_record(fixed.chain(columns))?;
        for strategy in &self.strategies {
            let spreads = [strategy.fit.mean, strategy.fit.sd, strategy.nodes.mean, strategy.nodes.sd];
            let refused =
                Reason::ALL.map(|reason| strategy.refusals.get(reason.name()).copied().unwrap_or(0));
            let values =
                spreads.iter().map(ToString::to_string).chain(refused.iter().map(ToString::to_string));
            csv.write_record(std::iter::once(strategy.name.to_owned()).chain(values))?;
        }
        csv.flush()
    }
}
