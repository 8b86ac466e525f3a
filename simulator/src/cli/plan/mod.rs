//! `gpulse-sim plan`: a planner's questions.

mod buying;
mod copies;
mod loss;
mod nodes;
mod shrink;
mod wait;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::Finding;
use super::seeds::Seeds;
use super::source::{Strictness, Times, cluster, pods, unmet};
use crate::cluster::{Hold, PodRequest};
use crate::fragmentation::{Measure, Mix};
use crate::input::PodTimes;
use crate::placement::Strategy;
use crate::plan::{Settled, settle};
use crate::policy::Stage;
use crate::workload::{Arrive, Cluster, PodTable, Workload, arrivals, in_drawn_order};

/// Answer a planner's question: what to buy, what still fits, what a loss costs, what could go.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// How many more nodes, of which shape, so that every pod finds a place?
    Nodes(nodes::Arguments),
    /// How many more nodes, of which shape, so that nobody waits too long while pods come and go?
    Wait(wait::Arguments),
    /// How many more copies of this pod fit, and what stops the next one?
    Copies(copies::Arguments),
    /// Who finds no place any more when a node, or a whole zone, is lost?
    Loss(loss::Arguments),
    /// Which nodes could go without a pod losing its place?
    Shrink(shrink::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    match &arguments.question {
        Question::Nodes(arguments) => nodes::run(arguments),
        Question::Wait(arguments) => wait::run(arguments),
        Question::Copies(arguments) => copies::run(arguments),
        Question::Loss(arguments) => loss::run(arguments),
        Question::Shrink(arguments) => shrink::run(arguments),
    }
}

/// What a question is about.
#[derive(Debug, Args)]
struct Standing {
    /// The nodes: a snapshot of a cluster with the pods on it (JSON), or CSV as for fill; - for stdin.
    #[arg(long, value_name = "FILE")]
    nodes: PathBuf,
    /// Pods that come to it before the question is asked: as for fill. Without them it is asked of the nodes as they
    /// stand.
    #[arg(long, value_name = "FILE")]
    pods: Option<PathBuf>,
    /// How much demand arrives, as a multiple of the cluster's GPUs: as for fill. By default the pods of the table,
    /// each once.
    #[arg(long, value_name = "TIMES", requires = "pods")]
    arrive: Option<Arrive>,
    #[command(flatten)]
    strictness: Strictness,
}

impl Standing {
    /// Reads the cluster, the pods and their times.
    fn read(&self) -> anyhow::Result<(Cluster, PodTable, Vec<PodTimes>)> {
        let mut doubts = Vec::new();
        let cluster = cluster(&self.nodes, &mut doubts)?;
        let (table, times) = match &self.pods {
            Some(file) => pods(file, Times::Read, &mut doubts)?,
            None => Default::default(),
        };
        self.strictness.judge(&doubts)?;
        Ok((cluster, table, times))
    }

    fn load(&self) -> anyhow::Result<Workload> {
        let (cluster, table, _) = self.read()?;
        let workload = Workload::of(cluster, table);
        let bound = workload.snapshot.nodes().flat_map(|node| node.pods()).any(|pod| pod.hold == Hold::Bound);
        if workload.slots.is_empty() {
            bail!("{}: found no nodes, expected at least one", self.nodes.display());
        }
        if workload.pods.is_empty() && !bound && self.arrive.is_some() {
            bail!("--arrive: found no pods to draw from, expected --pods");
        }
        if let Some(pods) = &self.pods {
            self.strictness.judge(&unmet(pods, &workload))?;
        }
        Ok(workload)
    }

    /// The cluster with its pods in place.
    fn settle(&self, workload: &Workload, strategy: &'static Strategy, seed: u64) -> Settled {
        let measure = Measure::of(workload, &Mix::typical(workload));
        let pods = match self.arrive {
            Some(arrive) => arrivals(workload, seed, arrive),
            None => in_drawn_order(workload, seed),
        };
        settle(Stage { workload, measure: &measure, seed }, strategy, &pods)
    }
}

/// Who places the pods of a question.
#[derive(Debug, Args)]
struct Placing {
    /// The strategies, of gpulse's own, with commas between them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "binpack,fragmentation")]
    strategy: Vec<String>,
    /// A seed, or a range with both ends in it: each draws an order in which the pods come, and one of equal nodes.
    #[arg(long, value_name = "SEEDS", default_value = "42..44")]
    seeds: Seeds,
    /// Threads; as many as there are processors where it is not given. The result does not depend on it.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

impl Placing {
    fn strategies(&self) -> anyhow::Result<Vec<&'static Strategy>> {
        super::strategies::own(&self.strategy)
    }

    fn jobs(&self) -> usize {
        self.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

/// What a pod asks for, in a few words.
fn asks(pod: &PodRequest) -> String {
    let gpus = pod.gpus.iter().map(|demand| match demand.share.0 {
        1000 => format!("{} {}", demand.count, demand.resource),
        share => format!("{} times {share}/1000 {}", demand.count, demand.resource),
    });
    let cpu = (pod.cpu.0 > 0).then(|| format!("{} CPU", pod.cpu.0 as f64 / 1000.0));
    let memory = (pod.memory.0 > 0).then(|| format!("{} MiB", pod.memory.0));
    let models = (!pod.models.is_empty()).then(|| {
        let names: Vec<String> = pod.models.iter().map(ToString::to_string).collect();
        format!("GPU model {}", names.join(" or "))
    });
    let parts: Vec<String> = gpus.chain(cpu).chain(memory).chain(models).collect();
    parts.join(", ")
}
