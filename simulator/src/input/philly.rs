//! The Philly trace (Jeon et al., USENIX ATC 2019) as one table: `timestamp`, `duration` and `num_gpus`.

use std::io::Read;

use super::error::InputError;
use super::moment::moment_ms;
use super::nodes::MAX_GPUS;
use super::pods::PodRow;
use super::table::{Column, Table};
use super::times::{PodTimes, seconds};
use crate::cluster::{Mib, MilliCpu, MilliGpu};

const TIMESTAMP: usize = 0;
const DURATION: usize = 1;
const GPUS: usize = 2;

const COLUMNS: &[Column] = &[
    Column { name: "timestamp", needed: true },
    Column { name: "duration", needed: true },
    Column { name: "num_gpus", needed: true },
    // The product of two others, and where it ran.
    Column { name: "gpu_time", needed: false },
    Column { name: "cluster", needed: false },
];

/// Whether the first line of a file is the header of such a table.
pub(super) fn is_header(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let has = |name: &str| line.trim_start_matches('\u{feff}').split(',').any(|column| column.trim() == name);
    has("timestamp") || has("num_gpus")
}

/// Reads the jobs of a Philly trace and hands each on; `file` is what errors call it. Returns the columns that nothing
/// was read from. Each job is one pod with whole GPUs of any model, named by its place; its CPU and memory are not known,
/// so that it asks for none.
///
/// # Errors
/// At the first thing that is wrong with it.
pub fn read_philly(
    file: &str,
    source: impl Read,
    mut take: impl FnMut(PodRow, PodTimes),
) -> Result<Vec<String>, InputError> {
    let mut table = Table::open(file, source, COLUMNS)?;
    let mut jobs = 0_u64;
    while table.advance()? {
        jobs += 1;
        let name = format!("job-{jobs}").into();
        let gpus = table.whole(GPUS, 0..=MAX_GPUS, "GPUs")? as u32;
        let share = if gpus == 0 { MilliGpu(0) } else { MilliGpu::WHOLE };
        let expected = "a time from 1970 on, such as 2017-10-09 07:01:55";
        let came_ms = moment_ms(table.text(TIMESTAMP)).ok_or_else(|| table.wrong(TIMESTAMP, expected))?;
        let times = PodTimes { came_ms, life_ms: seconds(&table, DURATION)? };
        take(PodRow { name, cpu: MilliCpu(0), memory: Mib(0), gpus, share, models: Vec::new() }, times);
    }
    Ok(table.others)
}
