//! The table of pods.

use std::io::Read;
use std::sync::Arc;

use super::error::InputError;
use super::nodes::{MAX_CPU_MILLI, MAX_GPUS, MAX_MEMORY_MIB};
use super::table::{Column, Table};
use crate::cluster::{Mib, MilliCpu, MilliGpu};

/// A pod, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodRow {
    /// Its name (`name`), unique in the table.
    pub name: Arc<str>,
    /// CPU (`cpu_milli`).
    pub cpu: MilliCpu,
    /// Memory (`memory_mib`).
    pub memory: Mib,
    /// How many GPUs (`num_gpu`).
    pub gpus: u32,
    /// How much of each (`gpu_milli`); zero where there are none.
    pub share: MilliGpu,
    /// The models it accepts (`gpu_spec`, joined by a bar); empty: any.
    pub models: Vec<String>,
}

const NAME: usize = 0;
const CPU: usize = 1;
const MEMORY: usize = 2;
const GPUS: usize = 3;
const SHARE: usize = 4;
const MODELS: usize = 5;

pub(super) const CREATED: usize = 8;
pub(super) const DELETED: usize = 9;
pub(super) const SCHEDULED: usize = 10;
pub(super) const DURATION: usize = 11;

pub(super) const COLUMNS: &[Column] = &[
    Column { name: "name", needed: true },
    Column { name: "cpu_milli", needed: true },
    Column { name: "memory_mib", needed: true },
    Column { name: "num_gpu", needed: true },
    Column { name: "gpu_milli", needed: true },
    Column { name: "gpu_spec", needed: false },
    // The trace has them; filling a cluster knows no time and no class of service.
    Column { name: "qos", needed: false },
    Column { name: "pod_phase", needed: false },
    Column { name: "creation_time", needed: false },
    Column { name: "deletion_time", needed: false },
    Column { name: "scheduled_time", needed: false },
    Column { name: "duration", needed: false },
];

/// Reads a table of pods and hands each row on; `file` is what errors call it. Returns the columns that nothing was
/// read from.
///
/// # Errors
/// At the first thing that is wrong with it.
pub fn read_pods(
    file: &str,
    source: impl Read,
    mut take: impl FnMut(PodRow),
) -> Result<Vec<String>, InputError> {
    let mut table = Table::open(file, source, COLUMNS)?;
    while table.advance()? {
        take(row(&mut table)?);
    }
    Ok(table.others)
}

/// The pod of the current row.
pub(super) fn row<R: Read>(table: &mut Table<R>) -> Result<PodRow, InputError> {
    let name = table.unique_name(NAME)?.into();
    let gpus = table.whole(GPUS, 0..=MAX_GPUS, "GPUs")?;
    let share = table.whole(SHARE, 0..=MilliGpu::WHOLE.0, "thousandths of each GPU")?;
    match (gpus, share) {
        (0, 1..) => return Err(table.wrong(SHARE, "0, since num_gpu is 0")),
        (1.., 0) => {
            return Err(table.wrong(SHARE, "1 to 1000 thousandths of each GPU, since num_gpu is not 0"));
        }
        _ => {}
    }
    let spec = table.text(MODELS);
    let models: Vec<String> = match spec {
        "" => Vec::new(),
        spec => spec.split('|').map(|model| model.trim().to_owned()).collect(),
    };
    if models.iter().any(|model| !model.contains(|c: char| c.is_ascii_alphanumeric())) {
        return Err(table.wrong(MODELS, "GPU models joined by a bar, such as V100M16|V100M32"));
    }
    Ok(PodRow {
        name,
        cpu: MilliCpu(table.whole(CPU, 0..=MAX_CPU_MILLI, "thousandths of a CPU")?),
        memory: Mib(table.whole(MEMORY, 0..=MAX_MEMORY_MIB, "MiB")?),
        gpus: gpus as u32,
        share: MilliGpu(share),
        models,
    })
}
