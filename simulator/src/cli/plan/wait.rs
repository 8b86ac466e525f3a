//! `gpulse-sim plan wait`.

use anyhow::Context;
use clap::Args;

use super::Standing;
use super::buying::Buying;
use crate::cli::Finding;
use crate::cli::source::Times;
use crate::cli::traffic::{TrafficArguments, millis};
use crate::cluster::Period;
use crate::output::plan::{Goal, waits};
use crate::plan::ShortWaits;
use crate::run::Traffic;

/// How many more nodes, of which shape, so that nobody waits too long while pods come and go?
///
/// Pods come to the larger cluster as often as to the one that there is: --load is a multiple of its GPUs. 95 of a
/// hundred pods of each size (a share, one GPU, two GPUs and so on) may wait so long at most, for each seed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  gpulse-sim plan wait --p95 10m --load 1.05 --nodes nodes.csv --pods pods.csv --catalogue instances.csv")]
pub(super) struct Arguments {
    /// How long 95 of a hundred pods of each size may wait.
    #[arg(long, value_name = "TIME")]
    p95: Period,
    #[command(flatten)]
    standing: Standing,
    #[command(flatten)]
    traffic: TrafficArguments,
    #[command(flatten)]
    buying: Buying,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    let buying = &arguments.buying;
    let (fleet, times) = buying.fleet(&arguments.standing, Times::Read, false)?;
    let traffic = Traffic::new(fleet.standing(), &times, arguments.traffic.plan()?)
        .context("the pods cannot come and go")?;
    let (seeds, jobs, p95_ms) = (buying.seeds(), buying.jobs(), millis(arguments.p95));
    let need = |strategy| ShortWaits { strategy, traffic: &traffic, seeds: seeds.to_vec(), p95_ms, jobs };
    let now = |need: &mut ShortWaits<'_>| waits(need.longest(&fleet, &fleet.nothing()));
    buying.answer(&fleet, Goal::ShortWaits { p95: arguments.p95 }, need, now)
}
