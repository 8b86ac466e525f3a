//! `gpulse-sim run`: who waits how long when pods come and go.

use std::num::{NonZeroU64, NonZeroUsize};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::Finding;
use super::illustration::Illustration;
use super::printing::Printing;
use super::runs::Runs;
use super::seeds::Seeds;
use super::source::{Source, Times};
use super::strategies::{self, Strategies};
use crate::cluster::Period;
use crate::output::run::Report;
use crate::run::{Arrivals, Discipline, Experiment, Extent, Lives, Plan, Traffic, experiment};
use crate::workload::Arrive;

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
    source: Source,
    #[command(flatten)]
    strategies: Strategies,
    /// When pods come: at random, each drawn from the table (poisson), or as the table says (trace).
    #[arg(long, value_enum, default_value_t)]
    arrivals: ArrivalsKind,
    /// How much the pods that are drawn ask for: GPU-time asked for over GPU-time there is; by default 0.9.
    #[arg(long, value_name = "TIMES")]
    load: Option<Arrive>,
    /// How long pods run: exp:MEAN is exponential, big-longer:MEAN has that mean times the GPUs that the pod asks for
    /// (at least one), trace takes the table's times. By default exp:3600s, and with a trace's arrivals trace.
    #[arg(long, value_name = "LIVES")]
    lives: Option<Lives>,
    /// Cut the lives of a trace to this; by default 6h where arrivals are drawn.
    #[arg(long, value_name = "TIME")]
    lives_cap: Option<Period>,
    /// Who is served: in the order of arrival, whereby the first blocks (fifo), or whoever fits (backfill).
    #[arg(long, value_enum, default_value_t)]
    queue: QueueKind,
    /// How many of those that wait are tried, in their order, when a pod leaves; by default 200.
    #[arg(long, value_name = "PODS")]
    backfill_depth: Option<NonZeroUsize>,
    /// When to begin measuring; by default three of the longest mean lives (with a trace's lives the longest of them),
    /// and with a trace's arrivals at once.
    #[arg(long, value_name = "TIME")]
    warmup: Option<Period>,
    /// Measure until so many pods have come; by default 100000, and a whole trace.
    #[arg(long, value_name = "N", conflicts_with = "horizon")]
    pods_counted: Option<NonZeroU64>,
    /// Measure for so long.
    #[arg(long, value_name = "TIME")]
    horizon: Option<Period>,
    /// A seed, or a range with both ends in it; each strategy has a run for each.
    #[arg(long, value_name = "SEEDS", default_value = "42..46")]
    seeds: Seeds,
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    illustration: Illustration,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ArrivalsKind {
    #[default]
    Poisson,
    Trace,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum QueueKind {
    Fifo,
    #[default]
    Backfill,
}

/// How much drawn pods ask for where nobody says.
const LOAD: Arrive = Arrive::of_per_mille(900);
/// How many of those that wait are tried where nobody says.
const BACKFILL_DEPTH: usize = 200;
/// How many drawn pods are counted where nobody says.
const PODS_COUNTED: u64 = 100_000;
/// What drawn pods' lives of a trace are cut to where nobody says.
const LIVES_CAP_MS: u64 = 6 * 3_600_000;
/// The mean life of drawn pods where nobody says.
const MEAN_LIFE_MS: u64 = 3_600_000;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.illustration.prepare()?;
    let plan = plan(arguments)?;
    let (workload, times) = arguments.source.load(Times::Read)?;
    let traffic = Traffic::new(&workload, &times, plan)
        .with_context(|| format!("{} cannot be run", arguments.source.pods.display()))?;
    let plan =
        Experiment { policies: arguments.strategies.chosen(&workload)?, seeds: arguments.seeds.0.clone() };
    let finished = arguments.runs.carry_out(plan.runs().len(), |jobs, goes_on, done| {
        experiment(&workload, &traffic, &plan, jobs, goes_on, done)
    })?;
    let report = Report::of(&workload, &traffic, &plan, &finished);
    arguments.illustration.draw(&report)?;
    arguments.printing.print(&report)?;
    Ok(Runs::finding(finished.len(), plan.runs().len()))
}

/// What the arguments ask for, with what they leave open.
fn plan(arguments: &Arguments) -> anyhow::Result<Plan> {
    let is_drawn = arguments.arrivals == ArrivalsKind::Poisson;
    let usual =
        if is_drawn { Lives::Exponential { mean_ms: MEAN_LIFE_MS } } else { Lives::Trace { cap_ms: None } };
    let lives = match (arguments.lives.unwrap_or(usual), arguments.lives_cap) {
        (Lives::Trace { .. }, Some(cap)) => Lives::Trace { cap_ms: Some(millis(cap)) },
        (Lives::Trace { .. }, None) => Lives::Trace { cap_ms: is_drawn.then_some(LIVES_CAP_MS) },
        (_, Some(_)) => bail!("--lives-cap: only the lives of a trace can be cut, expected --lives trace"),
        (lives, None) => lives,
    };
    let extent = match (arguments.pods_counted, arguments.horizon) {
        (Some(pods), _) => Extent::Pods(pods.get()),
        (None, Some(horizon)) => Extent::Millis(millis(horizon)),
        (None, None) if is_drawn => Extent::Pods(PODS_COUNTED),
        (None, None) => Extent::Trace,
    };
    let arrivals = match (arguments.arrivals, arguments.load) {
        (ArrivalsKind::Poisson, load) => Arrivals::Poisson(load.unwrap_or(LOAD)),
        (ArrivalsKind::Trace, None) => Arrivals::Trace,
        (ArrivalsKind::Trace, Some(_)) => bail!("--load: a trace has its own, expected --arrivals poisson"),
    };
    let queue = match (arguments.queue, arguments.backfill_depth) {
        (QueueKind::Fifo, None) => Discipline::Fifo,
        (QueueKind::Fifo, Some(_)) => bail!("--backfill-depth: expected --queue backfill"),
        (QueueKind::Backfill, depth) => {
            Discipline::Backfill { depth: depth.map_or(BACKFILL_DEPTH, NonZeroUsize::get) }
        }
    };
    Ok(Plan { arrivals, lives, warm_up_ms: arguments.warmup.map(millis), extent, queue })
}

/// A period as the command line has it: its parser lets no longer ones in than milliseconds can count.
fn millis(period: Period) -> u64 {
    u64::try_from(period.0.as_millis()).unwrap_or(u64::MAX)
}
