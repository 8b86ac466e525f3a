//! From tables.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use super::files::{write_snapshot, write_trace};
use crate::cli::complain;
use crate::cli::source::{Strictness, name, open, traced, unread};
use crate::input::{
    Mapped, Mapping, NodeTable, PodRow, PodTimes, TracePod, read_nodes, read_philly, read_timed_pods,
};
use crate::workload::Cluster;

/// Make a snapshot and a trace from the tables of the openb trace.
#[derive(Debug, Args)]
pub(super) struct Openb {
    /// The nodes, - for stdin.
    #[arg(long, value_name = "FILE", requires = "snapshot", required_unless_present = "pods")]
    nodes: Option<PathBuf>,
    /// The pods, - for stdin.
    #[arg(long, value_name = "FILE", requires = "trace")]
    pods: Option<PathBuf>,
    /// Write the nodes here, - for stdout.
    #[arg(long, value_name = "FILE", requires = "nodes")]
    snapshot: Option<PathBuf>,
    /// Write the pods here, - for stdout.
    #[arg(long, value_name = "FILE", requires = "pods")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    strictness: Strictness,
}

/// Make a trace from the table of the Philly trace.
#[derive(Debug, Args)]
pub(super) struct Philly {
    /// The jobs: CSV with the columns timestamp, duration and num_gpus; - for stdin.
    #[arg(value_name = "FILE")]
    jobs: PathBuf,
    /// Write the pods here, - for stdout.
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    #[command(flatten)]
    strictness: Strictness,
}

/// Make a snapshot or a trace from any CSV table.
///
/// The map says how our columns come from the table's: OURS=THEIRS, OURS=THEIRS*NUMBER, OURS=THEIRS/NUMBER, or
/// OURS=NUMBER for the same in every row. Our columns are for nodes sn, cpu_milli, memory_mib, gpu and model; for pods
/// num_gpu, and as far as there are such name, cpu_milli, memory_mib, gpu_milli (of each GPU; without it whole ones),
/// gpu_spec, and in seconds creation_time with duration, or with deletion_time and scheduled_time.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  gpulse-sim import csv jobs.csv --trace pods.jsonl \\
    --map name=job_id,cpu_milli=cpus*1000,memory_mib=mem_gb*1024,num_gpu=gpus,creation_time=submit_ms/1000,duration=minutes*60")]
pub(super) struct Csv {
    /// The table, - for stdin.
    #[arg(value_name = "FILE")]
    table: PathBuf,
    /// How our columns come from the table's, with commas between them.
    #[arg(long, value_name = "OURS=THEIRS,...")]
    map: Mapping,
    /// Its rows are nodes: write them here, - for stdout.
    #[arg(long, value_name = "FILE", required_unless_present = "trace", conflicts_with = "trace")]
    snapshot: Option<PathBuf>,
    /// Its rows are pods: write them here, - for stdout.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    strictness: Strictness,
}

pub(super) fn openb(arguments: &Openb) -> anyhow::Result<()> {
    let mut doubts = Vec::new();
    let nodes = match &arguments.nodes {
        Some(file) => Some(read_nodes(&name(file), open(file)?)?),
        None => None,
    };
    if let (Some(file), Some(nodes)) = (&arguments.nodes, &nodes) {
        doubts.extend(unread(file, &nodes.unread));
    }
    let mut pods = Pods::default();
    if let Some(file) = &arguments.pods {
        let others = read_timed_pods(&name(file), open(file)?, |row, times| pods.take(row, times))?;
        doubts.extend(unread(file, &others));
        complain(&format!("{}: qos and pod_phase left out: placement knows neither", name(file)));
    }
    arguments.strictness.judge(&doubts)?;
    write(&nodes, arguments.snapshot.as_deref(), pods, arguments.trace.as_deref())
}

pub(super) fn philly(arguments: &Philly) -> anyhow::Result<()> {
    let (file, mut pods) = (name(&arguments.jobs), Pods::default());
    let others = read_philly(&file, open(&arguments.jobs)?, |row, times| pods.take(row, Some(times)))?;
    arguments.strictness.judge(&unread(&arguments.jobs, &others).collect::<Vec<_>>())?;
    complain(&format!("{file}: gpu_time and cluster left out: the product of two others, and where it ran"));
    complain(&format!("{file}: it has neither CPU nor memory: the pods ask for none"));
    write(&None, None, pods, Some(&arguments.trace))
}

pub(super) fn csv(arguments: &Csv) -> anyhow::Result<()> {
    let (file, source, map) = (name(&arguments.table), open(&arguments.table)?, &arguments.map);
    let (mut nodes, mut pods) = (None, Pods::default());
    let (unused, unknown) = if arguments.snapshot.is_some() {
        let mut mapped = Mapped::nodes(&file, source, map)?;
        let table = read_nodes(&file, &mut mapped).map_err(|error| map.explain(error))?;
        let unknown = table.unread.clone();
        nodes = Some(table);
        (mapped.unused, unknown)
    } else {
        if !map.makes("num_gpu") {
            bail!("--map: num_gpu is missing: expected how many GPUs a pod asks for, such as num_gpu=gpus");
        }
        let mut mapped = Mapped::pods(&file, source, map)?;
        let take = |row: PodRow, times: Option<PodTimes>| pods.take(row, times);
        let unknown = read_timed_pods(&file, BufReader::new(&mut mapped), take);
        let unknown = unknown.map_err(|error| map.explain(error))?;
        for ours in ["cpu_milli", "memory_mib"].iter().filter(|ours| !map.makes(ours)) {
            complain(&format!("{file}: --map has no {ours}: the pods ask for none"));
        }
        (mapped.unused, unknown)
    };
    if let Some(unknown) = unknown.first() {
        bail!("--map: {unknown} is none of our columns; see gpulse-sim import csv --help");
    }
    let unused = (!unused.is_empty()).then(|| format!("{file}: --map leaves out {}", unused.join(", ")));
    arguments.strictness.judge(unused.as_slice())?;
    write(&nodes, arguments.snapshot.as_deref(), pods, arguments.trace.as_deref())
}

/// Pods in the order of a table.
#[derive(Default)]
struct Pods(Vec<TracePod>);

impl Pods {
    fn take(&mut self, row: PodRow, times: Option<PodTimes>) {
        self.0.push(traced(row, times));
    }
}

fn write(
    nodes: &Option<NodeTable>,
    snapshot: Option<&Path>,
    mut pods: Pods,
    trace: Option<&Path>,
) -> anyhow::Result<()> {
    if let (Some(nodes), Some(path)) = (nodes, snapshot) {
        write_snapshot(path, &Cluster::from(nodes).snapshot)?;
    }
    if let Some(path) = trace {
        // Those that came at once stay in the order of the table.
        pods.0.sort_by_key(|pod| pod.came_ms);
        write_trace(path, &pods.0)?;
    }
    Ok(())
}
