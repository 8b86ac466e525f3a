//! `gpulse-sim run`: who waits how long when pods come and go.

use anyhow::Context;
use clap::Args;

use super::Finding;
use super::illustration::Illustration;
use super::printing::Printing;
use super::runs::Runs;
use super::seeds::Seeds;
use super::sharding::Sharding;
use super::source::{Source, Times};
use super::strategies::{self, Strategies};
use super::traffic::TrafficArguments;
use crate::output::run::Report;
use crate::run::{Experiment, Traffic, experiment};
use crate::runs::Shard;

/// Let pods come, queue, run and leave, and see who waits how long under each strategy.
///
/// The cluster starts empty. Measuring begins after the warm-up; pods go on coming for as long after it as they did
/// before it, and the run ends when the last has left, so that every pod that is counted is followed to its end. A pod
/// that fits no node, not even an empty one, does not queue: it is counted as never placed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  gpulse-sim run --nodes simulator/data/openb/openb_node_list_gpu_node.csv \\
    --pods simulator/data/openb/openb_pod_list_default.csv --load 0.9 --strategy fgd,best-fit")]
#[command(after_long_help = strategies::help())]
pub(super) struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// Say in the JSON how many GPUs of each node were in use in each hundredth of the measured time, too: of the first
    /// seed, for each strategy; --report and --figures show it and say it too.
    #[arg(long)]
    node_timeline: bool,
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
    #[command(flatten)]
    traffic: TrafficArguments,
    /// A seed, or a range with both ends in it; each strategy has a run for each.
    #[arg(long, value_name = "SEEDS", default_value = "42..46")]
    pub(super) seeds: Seeds,
    #[command(flatten)]
    runs: Runs,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.printing.prepare()?;
    arguments.illustration.prepare()?;
    let node_timeline = arguments.node_timeline || arguments.illustration.is_asked();
    let (report, finding) = arguments.asked.carry_out(arguments.sharding.part(), node_timeline)?;
    arguments.illustration.draw(&report)?;
    arguments.printing.print(&report)?;
    Ok(finding)
}

impl Asked {
    /// Does this part of the runs.
    ///
    /// # Errors
    /// Where the input is wrong, a strategy's name, or the traffic that is asked for.
    pub(super) fn carry_out(&self, shard: Shard, node_timeline: bool) -> anyhow::Result<(Report, Finding)> {
        let plan = self.traffic.plan()?;
        let (workload, times) = self.source.load(Times::Read)?;
        let traffic = Traffic::new(&workload, &times, plan)
            .with_context(|| format!("{} cannot be run", self.source.pods.display()))?;
        let plan = Experiment {
            policies: self.strategies.chosen(&workload)?,
            seeds: self.seeds.0.clone(),
            shard,
            node_timeline,
        };
        let finished = self.runs.carry_out(plan.runs().len(), |jobs, goes_on, done| {
            experiment(&workload, &traffic, &plan, jobs, goes_on, done)
        })?;
        let finding = Runs::finding(finished.len(), plan.runs().len());
        Ok((Report::of(&workload, &traffic, &plan, &finished), finding))
    }
}
