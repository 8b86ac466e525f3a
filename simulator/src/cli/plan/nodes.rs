//! `gpulse-sim plan nodes`.

use clap::Args;

use super::Standing;
use super::buying::Buying;
use crate::cli::Finding;
use crate::cli::source::Times;
use crate::output::plan::Goal;
use crate::plan::{EverybodyPlaced, Need};

/// How many more nodes, of which shape, so that every pod finds a place?
///
/// Tries each shape alone and, where there are prices, a mix of them, and names the cheapest that is enough. Every pod
/// of the table comes once, in the order of each seed, and must find a place in all of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gpulse-sim plan nodes --nodes cluster.json --pods waiting.jsonl --catalogue instances.csv
  gpulse-sim plan nodes --nodes nodes.csv --pods pods.csv --strategy binpack,fragmentation")]
pub(super) struct Arguments {
    #[command(flatten)]
    standing: Standing,
    /// Start from nothing, as if the cluster had none of its nodes: what would one buy today?
    #[arg(long)]
    from_nothing: bool,
    #[command(flatten)]
    buying: Buying,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    let buying = &arguments.buying;
    let (fleet, _) = buying.fleet(&arguments.standing, Times::Ignored, arguments.from_nothing)?;
    let need = |strategy| EverybodyPlaced { strategy, seeds: buying.seeds().to_vec(), jobs: buying.jobs() };
    let now = |need: &mut EverybodyPlaced| {
        let (workload, homeless) = (fleet.standing(), need.shortfall(&fleet, &fleet.nothing()).homeless);
        let pods: u64 = homeless.iter().map(|group| group.pods).sum();
        let milli = homeless.iter().map(|group| group.pods * workload.class(group.class).asked_milli());
        let gpus = milli.sum::<u64>() as f64 / 1000.0;
        format!("{pods} find none as things stand, asking for {gpus:.1} GPUs")
    };
    buying.answer(&fleet, Goal::EverybodyPlaced, need, now)
}
