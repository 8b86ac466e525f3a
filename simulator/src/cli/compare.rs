//! `gpulse-sim compare`: which differences between strategies are real.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use clap::{Args, Subcommand};

use super::printing::Printing;
use super::run::Asked as AskedOfRun;
use super::{Finding, fill, merge, strategies};
use crate::merge::Joined;
use crate::output::compare::{KindName, Report};
use crate::runs::Shard;

/// Compare strategies on one workload and many seeds, and see which differences are real.
///
/// Strategies meet the same pods with the same seed, so that runs are compared seed by seed: the mean difference has a
/// 95 % interval by Student's t. A difference is called real where a paired t-test gives less than 5 % to chance,
/// corrected for the number of comparisons by Holm's method; the intervals are not corrected.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gpulse-sim compare fill --nodes simulator/data/openb/openb_node_list_gpu_node.csv \\
    --pods simulator/data/openb/openb_pod_list_default.csv --strategy fgd,fragmentation
  gpulse-sim compare result result.json --against fgd --metric wait_mean_s")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Compare what strategies make of a cluster that is filled pod by pod.
    #[command(after_long_help = strategies::help())]
    Fill(Comparison<fill::Asked>),
    /// Compare who waits how long under strategies when pods come and go.
    #[command(after_long_help = strategies::help())]
    Run(Comparison<AskedOfRun>),
    /// Compare strategies by a result of fill or run in JSON, or by all parts of one.
    Result(Comparison<ResultFiles>),
}

#[derive(Debug, Args)]
struct Comparison<T: Args> {
    #[command(flatten)]
    of: T,
    /// The strategy that the others are compared with; by default the first.
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    /// What to compare by, with commas between the names; by default by all. Of fill: allocation_pct,
    /// fragmentation_pct, failed_pods; of run: allocation_pct, gpu_hours_used, gpu_hours_idle, gpu_hours_stranded,
    /// blocked_pct, wait_mean_s, wait_p95_s. The fewer, the smaller the differences that can be told.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    metric: Vec<KindName>,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Debug, Args)]
struct ResultFiles {
    /// A result in JSON, all parts of one, or a folder of them (*.json).
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    match &arguments.what {
        What::Fill(comparison) => {
            let against = comparison.against(&comparison.of.strategies.named()?, &comparison.of.seeds.0)?;
            let (report, finding) = comparison.of.carry_out(Shard::default())?;
            comparison.print(&Report::of_fill(&report, &against, &comparison.metric))?;
            Ok(finding)
        }
        What::Run(comparison) => {
            let against = comparison.against(&comparison.of.strategies.named()?, &comparison.of.seeds.0)?;
            let (report, finding) = comparison.of.carry_out(Shard::default(), false)?;
            comparison.print(&Report::of_run(&report, &against, &comparison.metric))?;
            Ok(finding)
        }
        What::Result(comparison) => {
            let joined = merge::joined(&comparison.of.files, false)?;
            match &joined {
                Joined::Fill(report) => {
                    let names = report.strategies.iter().map(|strategy| strategy.name.as_str());
                    let against = comparison.against(&names.collect::<Vec<_>>(), &report.seeds)?;
                    comparison.print(&Report::of_fill(report, &against, &comparison.metric))?;
                }
                Joined::Run(report) => {
                    let names = report.strategies.iter().map(|strategy| strategy.name.as_str());
                    let against = comparison.against(&names.collect::<Vec<_>>(), &report.seeds)?;
                    comparison.print(&Report::of_run(report, &against, &comparison.metric))?;
                }
            }
            Ok(merge::finding(&joined))
        }
    }
}

impl<T: Args> Comparison<T> {
    /// The strategy that the others are compared with, where there is anything to compare.
    fn against(&self, names: &[&str], seeds: &[u64]) -> anyhow::Result<String> {
        self.printing.prepare()?;
        ensure!(names.len() > 1, "--strategy: found {}, expected two or more to compare", names.join(","));
        ensure!(seeds.len() > 1, "--seeds: found one, expected two or more: one tells nothing of chance");
        let Some(against) = self.against.as_deref().or(names.first().copied()) else {
            bail!("--strategy: expected two or more to compare");
        };
        ensure!(
            names.contains(&against),
            "--against: found {against:?}, expected one of the strategies: {}",
            names.join(", ")
        );
        Ok(against.to_owned())
    }

    fn print(&self, report: &Report) -> anyhow::Result<()> {
        ensure!(
            !report.metrics.is_empty(),
            "--metric: none of these is measured by gpulse-sim {}, or no run came so far",
            report.of
        );
        self.printing.print(report)
    }
}
