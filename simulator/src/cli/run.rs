//! `gpulse-sim run`: who waits how long when pods come and go.

use std::io::{BufWriter, Write};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::fill::{Output, chosen, name, open, strategies};
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::seeds::Seeds;
use super::{Finding, complain};
use crate::cluster::Period;
use crate::input::{PodTimes, read_nodes, read_timed_pods};
use crate::output::queueing::Report;
use crate::run::{Arrivals, Discipline, Experiment, Extent, Lives, Plan, Traffic, experiment};
use crate::workload::{Arrive, PodTable, Workload};

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
#[command(after_long_help = strategies())]
pub(super) struct Arguments {
    /// The nodes: CSV with the columns sn, cpu_milli, memory_mib, gpu and model.
    #[arg(long, value_name = "FILE")]
    nodes: PathBuf,
    /// The pods: CSV with the columns name, cpu_milli, memory_mib, num_gpu, gpu_milli and gpu_spec, and for a trace's
    /// times creation_time, scheduled_time and deletion_time in seconds; or timestamp, duration and num_gpus (Philly).
    #[arg(long, value_name = "FILE")]
    pods: PathBuf,
    /// The strategies, with commas between them; `own` are gpulse's, `paper` those of the FGD paper, `all` are both.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all")]
    strategy: Vec<String>,
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
    /// Threads; as many as there are processors where it is not given. The result does not depend on it.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Refuse input of which anything was not understood or cannot be met, instead of saying so.
    #[arg(long)]
    strict: bool,
    /// Print for people (table), for programs (json) or for spreadsheets (csv).
    #[arg(long, value_enum, default_value_t)]
    output: Output,
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
    let policies = chosen(&arguments.strategy)?;
    let plan = plan(arguments)?;
    let (workload, times) = load(arguments)?;
    let traffic = Traffic::new(&workload, &times, plan)
        .with_context(|| format!("{} cannot be run", name(&arguments.pods)))?;
    let experiment_plan = Experiment { policies, seeds: arguments.seeds.0.clone() };
    let jobs =
        arguments.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let interrupt = Interrupt::listen()?;
    let runs = experiment_plan.runs().len();
    let progress = Progress::of_runs(runs);
    let (goes_on, done) = (|| !interrupt.asked(), |_: &_| progress.step());
    let finished = experiment(&workload, &traffic, &experiment_plan, jobs, &goes_on, &done);
    progress.finish();
    let report = Report::of(&workload, &traffic, &experiment_plan, &finished);
    print(&report, arguments.output)?;
    if report.partial {
        complain(&format!("partial: {} of {runs} runs were done", finished.len()));
        return Ok(Finding::Negative);
    }
    Ok(Finding::Good)
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

/// Reads both tables, and says what of them was not understood.
fn load(arguments: &Arguments) -> anyhow::Result<(Workload, Vec<PodTimes>)> {
    let nodes = read_nodes(&name(&arguments.nodes), open(&arguments.nodes)?)?;
    let (mut pods, mut times) = (PodTable::default(), Vec::new());
    let unread = read_timed_pods(&name(&arguments.pods), open(&arguments.pods)?, |row, pod_times| {
        pods.add(row);
        times.extend(pod_times);
    })?;
    let workload = Workload::new(&nodes, pods)?;
    let column = |file: &Path, column: &String| format!("{}: column {column} was not read", name(file));
    let columns = nodes.unread.iter().map(|unread| column(&arguments.nodes, unread));
    let columns = columns.chain(unread.iter().map(|unread| column(&arguments.pods, unread)));
    let models = workload.unknown_models.iter().map(|(model, pods)| {
        format!("{}: {pods} pods name the GPU model {model}, which no node has", name(&arguments.pods))
    });
    let doubts: Vec<String> = columns.chain(models).collect();
    if arguments.strict && !doubts.is_empty() {
        bail!("refused, since --strict: {}", doubts.join("; "));
    }
    doubts.iter().for_each(|doubt| complain(&format!("warning: {doubt}")));
    Ok((workload, times))
}

fn print(report: &Report, output: Output) -> anyhow::Result<()> {
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    match output {
        Output::Table => stdout.write_all(report.to_text().as_bytes()),
        Output::Json => report.write_json(&mut stdout),
        Output::Csv => report.write_csv(&mut stdout),
    }
    .and_then(|()| stdout.flush())
    .context("the result cannot be written")
}
