//! Processes on a GPU: what each holds and does.

use std::collections::BTreeMap;
use std::time::Duration;

use nvml_wrapper::Device;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;

use super::Asking;
use crate::agent::reading::ProcessReading;
use crate::clock;

/// As many processes of a GPU are told one by one as a page of metrics can bear.
const MOST_PROCESSES: usize = 256;

/// Samples of so long count: drivers take one in a sixth of a second to a second, and a process between two of its samples
/// is not at rest.
const SAMPLED_FOR: Duration = Duration::from_secs(2);

/// NVML's samples are stamped in microseconds since the Unix epoch.
const MICROSECONDS_PER_MILLISECOND: u64 = 1000;

/// The processes, by number: those that compute, those that do so through MPS, those that draw, which NVML lists apart.
/// How many more there are is the second answer; `None` where NVML does not list those that compute.
pub(super) fn processes(
    device: &Device<'_>,
    mig: bool,
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
    let busy = if mig { None } else { utilization(device, &mut asking) };
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

/// How busy each process was lately: the mean of its samples, in percent. Where NVML has seen none at work it answers "not
/// found"; `None` is where it cannot measure.
fn utilization(device: &Device<'_>, asking: &mut Asking) -> Option<BTreeMap<u32, u32>> {
    let since_millis = clock::now().0.saturating_sub(SAMPLED_FOR.as_millis() as u64);
    let samples = match device.process_utilization_stats(since_millis * MICROSECONDS_PER_MILLISECOND) {
        Err(NvmlError::NotFound) => return Some(BTreeMap::new()),
        found => asking.ask(found)?,
    };
    let mut sums: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    // Some drivers fill what they do not use of their list with nonsense.
    for sample in samples.into_iter().filter(|sample| sample.sm_util <= 100) {
        let (sum, count) = sums.entry(sample.pid).or_default();
        (*sum, *count) = (*sum + sample.sm_util, *count + 1);
    }
    Some(sums.into_iter().map(|(pid, (sum, count))| (pid, sum / count)).collect())
}
