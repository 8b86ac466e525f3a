//! The table of nodes.

use std::io::Read;
use std::sync::Arc;

use super::error::InputError;
use super::table::{Column, Table};
use crate::cluster::{Mib, MilliCpu};

/// A node as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name (`sn`), unique in the table.
    pub name: Arc<str>,
    /// CPU that pods may have (`cpu_milli`).
    pub cpu: MilliCpu,
    /// Memory that pods may have (`memory_mib`).
    pub memory: Mib,
    /// GPUs (`gpu`).
    pub gpus: u32,
    /// Their model (`model`); `None` where the field is empty.
    pub model: Option<Arc<str>>,
    /// The zone that it stands in (`zone`); `None` where the field is empty.
    pub zone: Option<Arc<str>>,
}

/// All nodes of a table.
#[derive(Debug, Clone, Default)]
pub struct NodeTable {
    /// In the order of the file.
    pub rows: Vec<NodeRow>,
    /// Columns that nothing was read from.
    pub unread: Vec<String>,
}

const NAME: usize = 0;
const CPU: usize = 1;
const MEMORY: usize = 2;
const GPUS: usize = 3;
const MODEL: usize = 4;
const ZONE: usize = 5;

const COLUMNS: &[Column] = &[
    Column { name: "sn", needed: true },
    Column { name: "cpu_milli", needed: true },
    Column { name: "memory_mib", needed: true },
    Column { name: "gpu", needed: true },
    Column { name: "model", needed: false },
    Column { name: "zone", needed: false },
];

/// More than any machine has: a larger number is a slip of the pen.
pub(super) const MAX_CPU_MILLI: u64 = 1_000_000_000;
pub(super) const MAX_MEMORY_MIB: u64 = 1 << 40;
pub(super) const MAX_GPUS: u64 = 1024;

/// Reads a table of nodes; `file` is what errors call it.
///
/// # Errors
/// At the first thing that is wrong with it.
pub fn read_nodes(file: &str, source: impl Read) -> Result<NodeTable, InputError> {
    let mut table = Table::open(file, source, COLUMNS)?;
    let mut rows = Vec::new();
    while table.advance()? {
        rows.push(NodeRow {
            name: table.unique_name(NAME)?.into(),
            cpu: MilliCpu(table.whole(CPU, 0..=MAX_CPU_MILLI, "thousandths of a CPU")?),
            memory: Mib(table.whole(MEMORY, 0..=MAX_MEMORY_MIB, "MiB")?),
            gpus: table.whole(GPUS, 0..=MAX_GPUS, "GPUs")? as u32,
            model: table.optional(MODEL),
            zone: table.optional(ZONE),
        });
    }
    Ok(NodeTable { rows, unread: table.others })
}
