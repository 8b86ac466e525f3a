//! `gpulse-sim plan`: a planner's questions.

mod buying;
mod copies;
mod loss;
mod nodes;
mod shrink;
mod wait;

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::Finding;
use super::jobs::Jobs;
use super::seeds::Seeds;
use super::source::{Strictness, Times, cluster, one_stdin, pods, unmet};
use crate::cluster::PodRequest;
use crate::fragmentation::{Measure, Mix};
use crate::input::PodTimes;
use crate::parallel;
use crate::placement::Strategy;
use crate::plan::{Settled, settle};
use crate::policy::Stage;
use crate::workload::{Arrive, ClassId, Cluster, PodTable, Workload, arrivals, in_drawn_order};

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
    /// Pods that come to it: as for fill; - for stdin. Without them the question is asked of the nodes as they stand.
    #[arg(long, value_name = "FILE")]
    pods: Option<PathBuf>,
    #[command(flatten)]
    strictness: Strictness,
}

impl Standing {
    /// Reads the cluster, the pods and their times.
    fn read(&self, times: Times) -> anyhow::Result<(Cluster, PodTable, Vec<PodTimes>)> {
        self.pods.iter().try_for_each(|pods| one_stdin(&self.nodes, pods))?;
        let mut doubts = Vec::new();
        let cluster = cluster(&self.nodes, &mut doubts)?;
        let (table, pod_times) = match &self.pods {
            Some(file) => pods(file, times, &mut doubts)?,
            None => Default::default(),
        };
        self.strictness.judge(&doubts)?;
        Ok((cluster, table, pod_times))
    }
}

/// A cluster that pods have come to before the question is asked.
#[derive(Debug, Args)]
struct Filled {
    #[command(flatten)]
    standing: Standing,
    /// How much demand arrives, as a multiple of the cluster's GPUs: as for fill. By default the pods of the table,
    /// each once.
    #[arg(long, value_name = "TIMES", requires = "pods")]
    arrive: Option<Arrive>,
}

impl Filled {
    fn load(&self) -> anyhow::Result<Workload> {
        let (cluster, table, _) = self.standing.read(Times::Ignored)?;
        let workload = Workload::of(cluster, table);
        if workload.slots.is_empty() {
            bail!("{}: found no nodes, expected at least one", self.standing.nodes.display());
        }
        if let Some(pods) = &self.standing.pods {
            self.standing.strictness.judge(&unmet(pods, &workload))?;
        }
        Ok(workload)
    }

    /// The pods that come for this seed.
    fn pods(&self, workload: &Workload, seed: u64) -> Vec<ClassId> {
        match self.arrive {
            Some(arrive) => arrivals(workload, seed, arrive),
            None => in_drawn_order(workload, seed),
        }
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
    #[command(flatten)]
    jobs: Jobs,
}

impl Placing {
    fn strategies(&self) -> anyhow::Result<Vec<&'static Strategy>> {
        super::strategies::own(&self.strategy)
    }

    /// Asks the cluster for each strategy and seed, once its pods are in place: by strategy and then by seed.
    fn ask<T: Send>(
        &self,
        strategies: &[&'static Strategy],
        filled: &Filled,
        workload: &Workload,
        question: impl Fn(&mut Settled) -> T + Sync,
    ) -> Vec<(&'static Strategy, T)> {
        let measure = Measure::of(workload, &Mix::typical(workload));
        let of = |strategy: &&'static Strategy| {
            let strategy = *strategy;
            self.seeds.0.iter().map(move |seed| (strategy, *seed))
        };
        let tasks: Vec<(&'static Strategy, u64)> = strategies.iter().flat_map(of).collect();
        parallel::in_order(&tasks, self.jobs.threads(), &|| true, &|_| {}, |(strategy, seed)| {
            let stage = Stage { workload, measure: &measure, seed: *seed };
            (*strategy, question(&mut settle(stage, strategy, &filled.pods(workload, *seed))))
        })
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
