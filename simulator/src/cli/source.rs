//! Where the cluster and its pods come from: the arguments that commands share, and what they lead to.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use super::complain;
use crate::input::{
    InputError, PodRow, PodTimes, is_json, read_nodes, read_pods, read_snapshot, read_timed_pods,
};
use crate::workload::{Cluster, PodTable, Workload};

/// The tables that a command reads.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// The nodes: a snapshot of a cluster as it stands (JSON, from gpulse snapshot or gpulse-sim import), or CSV with
    /// the columns sn, cpu_milli, memory_mib, gpu and model; - for stdin.
    #[arg(long, value_name = "FILE")]
    pub(super) nodes: PathBuf,
    /// The pods, - for stdin: CSV with the columns name, cpu_milli, memory_mib, num_gpu, gpu_milli (of each GPU, 1 to 1000) and
    /// gpu_spec (the models it accepts, joined by a bar); where times count also creation_time, scheduled_time and
    /// deletion_time in seconds, or timestamp, duration and num_gpus (Philly).
    #[arg(long, value_name = "FILE")]
    pub(super) pods: PathBuf,
    /// Refuse input of which anything was not understood or cannot be met, instead of saying so.
    #[arg(long)]
    strict: bool,
}

/// Whether the pods' times are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Read,
    Ignored,
}

impl Source {
    /// Reads both tables, and says what of them was not understood. The pods' times are in the order of the table;
    /// none where they are ignored or the table has none.
    ///
    /// # Errors
    /// At the first thing that is wrong with a table, and with `--strict` where anything was not understood.
    pub(super) fn load(&self, times: Times) -> anyhow::Result<(Workload, Vec<PodTimes>)> {
        let mut doubts = Vec::new();
        let cluster = self.cluster(&mut doubts)?;
        let (mut pods, mut pod_times) = (PodTable::default(), Vec::new());
        let mut take = |row: PodRow, times: Option<PodTimes>| {
            pods.add(row);
            pod_times.extend(times);
        };
        let (file, source) = (name(&self.pods), open(&self.pods)?);
        let columns = match times {
            Times::Read => read_timed_pods(&file, source, take)?,
            Times::Ignored => read_pods(&file, source, |row| take(row, None))?,
        };
        doubts.extend(unread(&self.pods, &columns));
        let workload = Workload::new(cluster, pods)?;
        let models = workload.unknown_models.iter();
        doubts.extend(models.map(|(model, pods)| {
            format!("{file}: no node has the GPU model {model} (pods that name it: {pods})")
        }));
        let resources = workload.unknown_resources.iter();
        doubts.extend(resources.map(|(resource, pods)| {
            format!("{file}: no node offers {resource} (pods that ask for it: {pods})")
        }));
        if self.strict && !doubts.is_empty() {
            bail!("refused, since --strict: {}", doubts.join("; "));
        }
        doubts.iter().for_each(|doubt| complain(&format!("warning: {doubt}")));
        Ok((workload, pod_times))
    }

    /// Reads the nodes, and what holds room on them already.
    fn cluster(&self, doubts: &mut Vec<String>) -> anyhow::Result<Cluster> {
        if is_stdin(&self.nodes) && is_stdin(&self.pods) {
            bail!("--nodes and --pods: both are stdin, expected one of them to be a file");
        }
        let (file, mut source) = (name(&self.nodes), open(&self.nodes)?);
        if is_json(&file, &mut source)? {
            return Ok(Cluster::from(read_snapshot(&file, source)?));
        }
        let nodes = read_nodes(&file, source)?;
        doubts.extend(unread(&self.nodes, &nodes.unread));
        Ok(Cluster::from(&nodes))
    }
}

fn unread(file: &Path, columns: &[String]) -> impl Iterator<Item = String> {
    columns.iter().map(move |column| format!("{}: column {column} was not read", name(file)))
}

fn is_stdin(file: &Path) -> bool {
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
    let unreadable = |source| InputError::Unreadable { file: name(file), source };
    let file = File::open(file).map_err(unreadable)?;
    Ok(Box::new(BufReader::new(file)))
}
