//! `gpulse-sim plan nodes`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::{Placing, Standing};
use crate::cli::Finding;
use crate::cli::interrupt::Interrupt;
use crate::cli::printing::Printing;
use crate::cli::source::{name, open, unread as columns};
use crate::input::read_catalogue;
use crate::output::plan::{NodesReport, StrategyNeed};
use crate::plan::{EverybodyPlaced, Fleet, Need, needed, shapes_of};

/// How many more nodes, of which shape, so that every pod finds a place?
///
/// Tries each shape alone and a mix of them, and names the cheapest that is enough. Every pod of the table comes once,
/// in the order of each seed, and must find a place in all of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gpulse-sim plan nodes --nodes cluster.json --pods waiting.jsonl --catalogue instances.csv
  gpulse-sim plan nodes --nodes nodes.csv --pods pods.csv --strategy binpack,fragmentation")]
pub(super) struct Arguments {
    #[command(flatten)]
    standing: Standing,
    /// What can be bought: CSV with the columns name, cpu_milli, memory_mib, gpu, model and price. Without it, nodes of
    /// the shapes that there are; without prices, the fewest GPUs are the cheapest.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Start from nothing, as if the cluster had none of its nodes: what would one buy today?
    #[arg(long)]
    from_nothing: bool,
    #[command(flatten)]
    placing: Placing,
    #[command(flatten)]
    printing: Printing,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    let strategies = arguments.placing.strategies()?;
    if arguments.standing.arrive.is_some() {
        bail!("--arrive: every pod of the table comes once here, expected it to be left out");
    }
    let (cluster, table) = arguments.standing.read()?;
    let catalogue = match &arguments.catalogue {
        None => shapes_of(&cluster),
        Some(file) => {
            let (shapes, unread) = read_catalogue(&name(file), open(file)?)?;
            arguments.standing.strictness.judge(&columns(file, &unread).collect::<Vec<_>>())?;
            shapes
        }
    };
    let base = if arguments.from_nothing { cluster.without_nodes() } else { cluster };
    let fleet = Fleet::new(base, table, catalogue);
    if fleet.with(&fleet.nothing()).pods.is_empty() {
        bail!("found no pods that are to come, expected --pods");
    }
    let interrupt = Interrupt::listen()?;
    let seeds = &arguments.placing.seeds.0;
    let answers: Vec<StrategyNeed> = strategies
        .into_iter()
        .map(|strategy| {
            let mut need = EverybodyPlaced { strategy, seeds: seeds.clone(), jobs: arguments.placing.jobs() };
            let homeless = need.homeless(&fleet, &fleet.nothing());
            let found = needed(&fleet, &mut need, &|| !interrupt.asked());
            StrategyNeed { strategy, homeless, found }
        })
        .collect();
    let report = NodesReport::of(&fleet, seeds, &answers);
    arguments.printing.print(&report)?;
    Ok(if report.is_answered() { Finding::Good } else { Finding::Negative })
}
