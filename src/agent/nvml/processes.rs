//! Processes on a GPU: what each holds and does.

use std::collections::BTreeMap;

use nvml_wrapper::Device;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;

use super::Asking;
use crate::agent::reading::ProcessReading;

/// As many processes of a GPU are told one by one as a page of metrics can bear.
const MOST_PROCESSES: usize = 256;

/// The processes, by number: those that compute, those that do so through MPS, those that draw, which NVML lists apart.
/// How many more there are is the second answer; `None` where NVML does not list those that compute. `last_seen` is where
/// its samples were read up to.
pub(super) fn processes(
    device: &Device<'_>,
    mig: bool,
    last_seen: &mut u64,
) -> Result<(Vec<ProcessReading>, Option<u32>), NvmlError> {
    let mut asking = Asking::default();
    let lists = [
        device.running_compute_processes(),
        device.mps_running_compute_processes(),
        device.running_graphics_processes(),
    ]
    .map(|list| asking.ask(list));
    let is_listed = lists[0].is_some();
    let running = lists.into_iter().flatten().flatten();
    let busy = if mig { None } else { utilization(device, &mut asking, last_seen) };
    asking.finish()?;
    let mut processes: Vec<ProcessReading> = running
        .map(|process| ProcessReading {
            pid: process.pid,
            instance: process.gpu_instance_id,
            memory_bytes: match process.used_gpu_memory {
                UsedGpuMemory::Used(bytes) => Some(bytes),
                UsedGpuMemory::Unavailable => None,
            },
            utilization_percent: busy.as_ref().map(|busy| busy.get(&process.pid).copied().unwrap_or(0)),
        })
        .collect();
    // One that both computes and draws is on two lists; what is said first of it stays.
    processes.sort_by_key(|process| (process.pid, process.instance));
    processes.dedup_by_key(|process| (process.pid, process.instance));
    let unlisted = processes.len().saturating_sub(MOST_PROCESSES) as u32;
    processes.truncate(MOST_PROCESSES);
    Ok((processes, is_listed.then_some(unlisted)))
}

/// How busy each process was since `last_seen`: the mean of its samples, in percent. Where NVML has seen none at work it
/// answers "not found"; `None` is where it cannot measure.
fn utilization(device: &Device<'_>, asking: &mut Asking, last_seen: &mut u64) -> Option<BTreeMap<u32, u32>> {
    let samples = match device.process_utilization_stats(*last_seen) {
        Err(NvmlError::NotFound) => return Some(BTreeMap::new()),
        found => asking.ask(found)?,
    };
    let mut sums: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample.timestamp > *last_seen) {
        let (sum, count) = sums.entry(sample.pid).or_default();
        (*sum, *count) = (*sum + sample.sm_util, *count + 1);
    }
    *last_seen = samples.iter().map(|sample| sample.timestamp).fold(*last_seen, u64::max);
    Some(sums.into_iter().map(|(pid, (sum, count))| (pid, sum / count)).collect())
}
