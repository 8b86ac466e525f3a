//! `gpulse-sim plan shrink`.

use clap::Args;

use super::{Filled, Placing};
use crate::cli::Finding;
use crate::cli::printing::Printing;
use crate::output::plan::ShrinkReport;
use crate::plan::shrink;

/// Which nodes could go without a pod losing its place?
///
/// Nodes are emptied one after the other, those with the fewest GPUs in use first, and their pods are placed on the
/// rest; what could go is shown for the first seed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gpulse-sim plan shrink --nodes cluster.json --percent 5
  gpulse-sim plan shrink --nodes nodes.csv --pods pods.csv --arrive 0.8")]
pub(super) struct Arguments {
    #[command(flatten)]
    filled: Filled,
    /// How many nodes are to go, in percent of all; without it, as many as can.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u64).range(1..=100))]
    percent: Option<u64>,
    #[command(flatten)]
    placing: Placing,
    #[command(flatten)]
    printing: Printing,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.printing.prepare()?;
    let strategies = arguments.placing.strategies()?;
    let workload = arguments.filled.load()?;
    let nodes = workload.slots.len();
    let wanted = arguments.percent.map(|percent| (nodes as u64 * percent).div_ceil(100) as usize);
    let (placing, at_most) = (&arguments.placing, wanted.unwrap_or(nodes));
    let found = placing.ask(&strategies, &arguments.filled, &workload, |settled| shrink(settled, at_most));
    let report = ShrinkReport::of(&workload, wanted, &placing.seeds.0, &found);
    arguments.printing.print(&report)?;
    Ok(if report.is_reached() { Finding::Good } else { Finding::Negative })
}
