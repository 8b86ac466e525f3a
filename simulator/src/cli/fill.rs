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
use crate::runs::Shard;
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
    asked: Asked,
    #[command(flatten)]
    sharding: Sharding,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    illustration: Illustration,
}

/// Which runs there are to be.
#[derive(Debug, Args)]
pub(super) struct Asked {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    pub(super) strategies: Strategies,
    /// How much demand arrives, as a multiple of the cluster's GPUs.
    #[arg(long, value_name = "TIMES", default_value_t)]
    arrive: Arrive,
    /// A seed, or a range with both ends in it; each strategy has a run for each.
    #[arg(long, value_name = "SEEDS", default_value = "42..51")]
    pub(super) seeds: Seeds,
    #[command(flatten)]
    runs: Runs,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.printing.prepare()?;
    arguments.illustration.prepare()?;
    let (report, finding) = arguments.asked.carry_out(arguments.sharding.part())?;
    arguments.illustration.draw(&report)?;
    arguments.printing.print(&report)?;
    Ok(finding)
}

impl Asked {
    /// Does this part of the runs.
    ///
    /// # Errors
    /// Where the input is wrong, or a strategy's name.
    pub(super) fn carry_out(&self, shard: Shard) -> anyhow::Result<(Report, Finding)> {
        let (workload, _) = self.source.load(Times::Ignored)?;
        let plan = Experiment {
            policies: self.strategies.chosen(&workload)?,
            seeds: self.seeds.0.clone(),
            arrive: self.arrive,
            shard,
        };
        let finished = self.runs.carry_out(plan.runs().len(), |jobs, goes_on, done| {
            experiment(&workload, &plan, jobs, goes_on, done)
        })?;
        let finding = Runs::finding(finished.len(), plan.runs().len());
        Ok((Report::of(&workload, &plan, &finished), finding))
    }
}
