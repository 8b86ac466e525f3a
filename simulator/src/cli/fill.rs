//! `gpulse-sim fill`: how much of a cluster each strategy can use.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::interrupt::Interrupt;
use super::progress::Progress;
use super::seeds::Seeds;
use super::{Finding, complain};
use crate::fill::{Experiment, Shard, experiment};
use crate::input::{InputError, read_nodes, read_pods};
use crate::output::Report;
use crate::placement::STRATEGIES;
use crate::policy::{Choice, PAPER};
use crate::workload::{Arrive, PodTable, Workload};

/// Fill a cluster pod by pod until it is over-full, and see how much of it each strategy can use.
///
/// The pods of the table come in an order drawn from the seed, then clones of random ones until the wanted demand has
/// arrived. None leaves; one that finds no place is gone.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  gpulse-sim fill --nodes simulator/data/openb/openb_node_list_gpu_node.csv \\
    --pods simulator/data/openb/openb_pod_list_default.csv --strategy fgd,binpack")]
#[command(after_long_help = strategies())]
pub(super) struct Arguments {
    /// The nodes: CSV with the columns sn, cpu_milli, memory_mib, gpu and model.
    #[arg(long, value_name = "FILE")]
    nodes: PathBuf,
    /// The pods: CSV with the columns name, cpu_milli, memory_mib, num_gpu, gpu_milli (of each GPU, 1 to 1000) and
    /// gpu_spec (the models it accepts, joined by a bar).
    #[arg(long, value_name = "FILE")]
    pods: PathBuf,
    /// The strategies, with commas between them; `own` are gpulse's, `paper` those of the FGD paper, `all` are both.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all")]
    strategy: Vec<String>,
    /// How much demand arrives, as a multiple of the cluster's GPUs.
    #[arg(long, value_name = "TIMES", default_value_t)]
    arrive: Arrive,
    /// A seed, or a range with both ends in it; each strategy has a run for each.
    #[arg(long, value_name = "SEEDS", default_value = "42..51")]
    seeds: Seeds,
    /// Threads; as many as there are processors where it is not given. The result does not depend on it.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Do only the i-th of n parts of the runs.
    #[arg(long, value_name = "i/n", default_value_t)]
    shard: Shard,
    /// Refuse input of which anything was not understood or cannot be met, instead of saying so.
    #[arg(long)]
    strict: bool,
    /// Print for people (table), for programs (json) or for spreadsheets (csv).
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    #[default]
    Table,
    Json,
    Csv,
}

/// The help's list of strategies.
pub(super) fn strategies() -> String {
    let line = |choice: Choice| format!("  {:15} {}\n", choice.name(), choice.summary());
    let own: String = STRATEGIES.iter().copied().map(Choice::Own).map(line).collect();
    let paper: String = PAPER.iter().copied().map(Choice::Paper).map(line).collect();
    format!("Strategies of gpulse:\n{own}\nPolicies of the FGD paper, in simulation only:\n{paper}")
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    let policies = chosen(&arguments.strategy)?;
    let workload = load(arguments)?;
    let plan = Experiment {
        policies,
        seeds: arguments.seeds.0.clone(),
        arrive: arguments.arrive,
        shard: arguments.shard,
    };
    let jobs =
        arguments.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let interrupt = Interrupt::listen()?;
    let progress = Progress::of_runs(plan.runs().len());
    let finished = experiment(&workload, &plan, jobs, &|| !interrupt.asked(), &|_| progress.step());
    progress.finish();
    let report = Report::of(&workload, &plan, &finished);
    print(&report, arguments.output)?;
    if report.partial {
        complain(&format!("partial: {} of {} runs were done", finished.len(), plan.runs().len()));
        return Ok(Finding::Negative);
    }
    Ok(Finding::Good)
}

/// The strategies of these names, each once.
pub(super) fn chosen(names: &[String]) -> anyhow::Result<Vec<Choice>> {
    let mut chosen: Vec<Choice> = Vec::new();
    for name in names {
        let named: Vec<Choice> = match name.as_str() {
            "all" => Choice::all().collect(),
            "paper" => PAPER.iter().copied().map(Choice::Paper).collect(),
            "own" => STRATEGIES.iter().copied().map(Choice::Own).collect(),
            name => Choice::named(name).into_iter().collect(),
        };
        if named.is_empty() {
            let known: Vec<&str> = Choice::all().map(Choice::name).collect();
            bail!("--strategy: found {name:?}, expected all, own, paper or some of {}", known.join(", "));
        }
        for choice in named {
            if chosen.iter().all(|other| other.name() != choice.name()) {
                chosen.push(choice);
            }
        }
    }
    Ok(chosen)
}

/// Reads both tables, and says what of them was not understood.
fn load(arguments: &Arguments) -> anyhow::Result<Workload> {
    let nodes = read_nodes(&name(&arguments.nodes), open(&arguments.nodes)?)?;
    let mut pods = PodTable::default();
    let unread = read_pods(&name(&arguments.pods), open(&arguments.pods)?, |row| pods.add(row))?;
    let workload = Workload::new(&nodes, pods)?;
    let column = |file: &Path, column: &String| format!("{}: column {column} was not read", name(file));
    let columns = nodes.unread.iter().map(|unread| column(&arguments.nodes, unread));
    let columns = columns.chain(unread.iter().map(|unread| column(&arguments.pods, unread)));
    let models = workload.unknown_models.iter().map(|(model, pods)| {
        format!("{}: no node has the GPU model {model} (pods that name it: {pods})", name(&arguments.pods))
    });
    let doubts: Vec<String> = columns.chain(models).collect();
    if arguments.strict && !doubts.is_empty() {
        bail!("refused, since --strict: {}", doubts.join("; "));
    }
    doubts.iter().for_each(|doubt| complain(&format!("warning: {doubt}")));
    Ok(workload)
}

pub(super) fn name(file: &Path) -> String {
    file.display().to_string()
}

pub(super) fn open(file: &Path) -> Result<BufReader<File>, InputError> {
    let unreadable = |source| InputError::Unreadable { file: name(file), source };
    File::open(file).map(BufReader::new).map_err(unreadable)
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
