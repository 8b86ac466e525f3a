//! The small language that tests speak: tables as a person would write them down, and workloads of them.

mod generated;
mod saved;
mod timed;

use std::path::{Path, PathBuf};

use gpulse_simulator::input::{InputError, NodeTable, PodRow, read_nodes, read_pods};
use gpulse_simulator::workload::{PodTable, Workload};

pub(crate) use generated::tables;
pub(crate) use saved::{saved_node, saved_pod, saved_snapshot};
pub(crate) use timed::{Run, TIMED_PODS, timed};

/// The header of a table of nodes.
pub(crate) const NODES: &str = "sn,cpu_milli,memory_mib,gpu,model\n";
/// The header of a table of pods.
pub(crate) const PODS: &str = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n";

/// Nodes, from the whole text of `nodes.csv`.
pub(crate) fn nodes(text: &str) -> Result<NodeTable, InputError> {
    read_nodes("nodes.csv", text.as_bytes())
}

/// Pods, from the whole text of `pods.csv`.
pub(crate) fn pods(text: &str) -> Result<Vec<PodRow>, InputError> {
    let mut rows = Vec::new();
    read_pods("pods.csv", text.as_bytes(), |row| rows.push(row))?;
    Ok(rows)
}

/// A workload from rows without their headers.
pub(crate) fn workload(node_rows: &str, pod_rows: &str) -> Workload {
    let nodes = nodes(&format!("{NODES}{node_rows}")).unwrap();
    let mut table = PodTable::default();
    pods(&format!("{PODS}{pod_rows}")).unwrap().into_iter().for_each(|row| table.add(row));
    Workload::new(&nodes, table).unwrap()
}

/// Four nodes of two models, and pods of each kind: shares, whole GPUs, several GPUs, a model's, and one without.
pub(crate) fn small() -> Workload {
    workload(
        "a,64000,262144,8,V100\nb,64000,262144,8,V100\nc,32000,131072,2,T4\nd,8000,32768,1,T4\n",
        "p1,4000,8192,1,500,\np2,4000,8192,1,300,\np3,8000,16384,1,1000,\np4,16000,65536,2,1000,\n\
         p5,24000,65536,4,1000,V100\np6,2000,4096,0,0,\np7,1000,2048,1,250,T4\n",
    )
}

/// A file of the paper's data that the sources carry.
pub(crate) fn openb(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/openb").join(file)
}
