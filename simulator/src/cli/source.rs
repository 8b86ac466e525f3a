//! Where the cluster and its pods come from: the arguments that commands share, and what they lead to.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use super::complain;
use crate::input::{
    InputError, PodRow, PodTimes, TracePod, is_json, read_nodes, read_pods, read_snapshot, read_timed_pods,
    read_trace,
};
use crate::workload::{Cluster, PodTable, Workload};

/// The files that a command reads.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// The nodes: a snapshot of a cluster as it stands (JSON, from gpulse snapshot or gpulse-sim import), or CSV with
    /// the columns sn, cpu_milli, memory_mib, gpu and model; - for stdin.
    #[arg(long, value_name = "FILE")]
    pub(super) nodes: PathBuf,
    /// The pods: a trace (JSON Lines, from gpulse-sim import), or CSV with the columns name, cpu_milli, memory_mib,
    /// num_gpu, gpu_milli (of each GPU, 1 to 1000) and gpu_spec (the models it accepts, joined by a bar); where times
    /// count also creation_time, scheduled_time and deletion_time in seconds, or timestamp, duration and num_gpus
    /// (Philly); - for stdin.
    #[arg(long, value_name = "FILE")]
    pub(super) pods: PathBuf,
    #[command(flatten)]
    pub(super) strictness: Strictness,
}

/// What is made of input that was not all understood.
#[derive(Debug, Args)]
pub(super) struct Strictness {
    /// Refuse input of which anything was not understood or cannot be met, instead of saying so.
    #[arg(long)]
    strict: bool,
}

impl Strictness {
    /// Says what was not understood.
    ///
    /// # Errors
    /// With `--strict`, where there is any of it.
    pub(super) fn judge(&self, doubts: &[String]) -> anyhow::Result<()> {
        if self.strict && !doubts.is_empty() {
            bail!("refused, since --strict: {}", doubts.join("; "));
        }
        doubts.iter().for_each(|doubt| complain(&format!("warning: {doubt}")));
        Ok(())
    }
}

/// Whether the pods' times are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Read,
    Ignored,
}

impl Source {
    /// Reads both files, and says what of them was not understood. The pods' times are in the order of the file; none
    /// where they are ignored or not every pod has them.
    ///
    /// # Errors
    /// At the first thing that is wrong with a file, and with `--strict` where anything was not understood.
    pub(super) fn load(&self, times: Times) -> anyhow::Result<(Workload, Vec<PodTimes>)> {
        let mut doubts = Vec::new();
        let cluster = self.cluster(&mut doubts)?;
        let (pods, pod_times) = pods(&self.pods, times, &mut doubts)?;
        let workload = Workload::new(cluster, pods)?;
        doubts.extend(unmet(&self.pods, &workload));
        self.strictness.judge(&doubts)?;
        Ok((workload, pod_times))
    }

    /// Reads the nodes, and what holds room on them already.
    ///
    /// # Errors
    /// At the first thing that is wrong with the file, and where both files are stdin.
    pub(super) fn cluster(&self, doubts: &mut Vec<String>) -> anyhow::Result<Cluster> {
        one_stdin(&self.nodes, &self.pods)?;
        cluster(&self.nodes, doubts)
    }
}

/// That one of the two files at most is stdin.
///
/// # Errors
/// Where both are.
pub(super) fn one_stdin(nodes: &Path, pods: &Path) -> anyhow::Result<()> {
    if is_stdin(nodes) && is_stdin(pods) {
        bail!("--nodes and --pods: both are stdin, expected one of them to be a file");
    }
    Ok(())
}

/// Reads the nodes, and what holds room on them already.
///
/// # Errors
/// At the first thing that is wrong with the file.
pub(super) fn cluster(nodes: &Path, doubts: &mut Vec<String>) -> anyhow::Result<Cluster> {
    let (file, mut source) = (name(nodes), open(nodes)?);
    if is_json(&file, &mut source)? {
        return Ok(Cluster::from(read_snapshot(&file, source)?));
    }
    let table = read_nodes(&file, source)?;
    doubts.extend(unread(nodes, &table.unread));
    Ok(Cluster::from(&table))
}

/// Reads the pods, and their times in the order of the file; none where they are ignored or not every pod has them.
///
/// # Errors
/// At the first thing that is wrong with the file.
pub(super) fn pods(
    file: &Path,
    times: Times,
    doubts: &mut Vec<String>,
) -> anyhow::Result<(PodTable, Vec<PodTimes>)> {
    let (mut table, mut pod_times, mut untimed) = (PodTable::default(), Vec::new(), 0_u64);
    each_pod(file, times, doubts, |pod| {
        match pod.times() {
            Some(times) => pod_times.push(times),
            None => untimed += 1,
        }
        table.add(pod.request);
    })?;
    if untimed > 0 && !pod_times.is_empty() {
        let (file, timed) = (name(file), pod_times.len());
        doubts.push(format!(
            "{file}: no times are used, since pods lack cameMs or lifeMs (pods with both: {timed}, without: {untimed})"
        ));
        pod_times.clear();
    }
    Ok((table, pod_times))
}

/// Reads the pods and hands each on.
///
/// # Errors
/// At the first thing that is wrong with the file.
pub(super) fn each_pod(
    pods: &Path,
    times: Times,
    doubts: &mut Vec<String>,
    mut take: impl FnMut(TracePod),
) -> Result<(), InputError> {
    let (file, mut source) = (name(pods), open(pods)?);
    if is_json(&file, &mut source)? {
        return read_trace(&file, source, |pod| match times {
            Times::Read => take(pod),
            Times::Ignored => take(TracePod { came_ms: None, life_ms: None, ..pod }),
        });
    }
    let mut row = |row: PodRow, times: Option<PodTimes>| take(traced(row, times));
    let columns = match times {
        Times::Read => read_timed_pods(&file, source, row)?,
        Times::Ignored => read_pods(&file, source, |pod| row(pod, None))?,
    };
    doubts.extend(unread(pods, &columns));
    Ok(())
}

/// What the pods of a file ask for and no node has.
pub(super) fn unmet(pods: &Path, workload: &Workload) -> Vec<String> {
    let file = name(pods);
    let models = workload.unknown_models.iter();
    let models = models.map(|(model, pods)| {
        format!("{file}: no node has the GPU model {model} (pods that name it: {pods})")
    });
    let resources = workload.unknown_resources.iter();
    let resources = resources
        .map(|(resource, pods)| format!("{file}: no node offers {resource} (pods that ask for it: {pods})"));
    models.chain(resources).collect()
}

/// A table's pod as a trace has it.
pub(super) fn traced(row: PodRow, times: Option<PodTimes>) -> TracePod {
    let (came_ms, life_ms) = (times.map(|times| times.came_ms), times.map(|times| times.life_ms));
    TracePod { request: row.into(), came_ms, life_ms }
}

/// The columns that nothing was read from.
pub(super) fn unread(file: &Path, columns: &[String]) -> impl Iterator<Item = String> {
    columns.iter().map(move |column| format!("{}: column {column} was not read", name(file)))
}

/// Whether a file is called `-`: stdin, or stdout where it is written.
pub(super) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// What errors call a file.
pub(super) fn name(file: &Path) -> String {
    if is_stdin(file) { "stdin".into() } else { file.display().to_string() }
}

/// Opens a file, or stdin where it is called `-`, to read it once.
pub(super) fn open(file: &Path) -> Result<Box<dyn BufRead>, InputError> {
    if is_stdin(file) {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let unreadable = |cause| InputError::Unreadable { file: name(file), cause };
    let file = File::open(file).map_err(unreadable)?;
    Ok(Box::new(BufReader::new(file)))
}
