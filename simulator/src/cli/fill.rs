//! `gpulse-sim fill`: how much of a cluster each strategy can use.

use clap::Args;

use super::illustration::Illustration;
use super::printing::Printing;
use super::runs::Runs;
use super::sharding::Sharding;
use super::source::{Source, Times};
use super::strategies::{self, Strategies};
use super::{Finding, seeds::Seeds};
use crate::fill::{Experiment, experiment};
use crate::output::fill::Report;
use crate::workload::Arrive;

/// Fill a cluster pod by pod until it is over-full, and see how much of it each strategy can use.
///
/// The pods of the table come in an order drawn from the seed, then clones of random ones until the wanted demand has
/// arrived. None leaves; one that finds no place is gone.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  gpulse-sim fill --nodes simulator/data/openb/openb_node_list_gpu_node.csv \\
    --pods simulator/data/openb/openb_pod_list_default.csv --strategy fgd,binpack")]
#[command(after_long_help = strategies::help())]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    strategies: Strategies,
    /// How much demand arrives, as a multiple of the cluster's GPUs.
    #[arg(long, value_name = "TIMES", default_value_t)]
    arrive: Arrive,
    /// A seed, or a range with both ends in it; each strategy has a run for each.
    #[arg(long, value_name = "SEEDS", default_value = "42..51")]
    seeds: Seeds,
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    sharding: Sharding,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    illustration: Illustration,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.illustration.prepare()?;
    let (workload, _) = arguments.source.load(Times::Ignored)?;
    let plan = Experiment {
        policies: arguments.strategies.chosen(&workload)?,
        seeds: arguments.seeds.0.clone(),
        arrive: arguments.arrive,
        shard: arguments.sharding.part(),
    };
    let finished = arguments.runs.carry_out(plan.runs().len(), |jobs, goes_on, done| {
        experiment(&workload, &plan, jobs, goes_on, done)
    })?;
    let report = Report::of(&workload, &plan, &finished);
    arguments.illustration.draw(&report)?;
    arguments.printing.print(&report)?;
    Ok(Runs::finding(finished.len(), plan.runs().len()))
}
