//! Processes on a device.

use std::ffi::{c_uint, c_ulonglong};
use std::time::{SystemTime, UNIX_EPOCH};

use nvml_wrapper_sys::bindings::*;

use super::answer;
use crate::scenario::{Gpu, Process};
use crate::state::{self, Refusal, Target};

const MIB: u64 = 1 << 20;

const MICROSECONDS_PER_SECOND: u64 = 1_000_000;

/// What NVML writes where there is no instance.
const NO_INSTANCE: c_uint = c_uint::MAX;

/// Writes a list where the caller gives room for all of it, and always how long it is.
unsafe fn fill<T>(list: &[T], count: *mut c_uint, to: *mut T) -> Result<(), Refusal> {
    // SAFETY: the caller gives the number of values that it has room for, and room for one more number.
    unsafe {
        let room = count.read() as usize;
        count.write(list.len() as c_uint);
        if room < list.len() || (to.is_null() && !list.is_empty()) {
            return Err(nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE);
        }
        if !to.is_null() {
            std::ptr::copy_nonoverlapping(list.as_ptr(), to, list.len());
        }
    }
    Ok(())
}

/// Those of a list that are on the target.
fn on<'a>(target: &'a Target, list: &'a [Process]) -> impl Iterator<Item = &'a Process> {
    let instance = target.instance().map(|instance| instance.id);
    list.iter().filter(move |process| instance.is_none() || process.instance == instance)
}

/// Functions that list processes of one kind.
macro_rules! lists {
    ($($name:ident: $list:expr;)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            device: nvmlDevice_t,
            count: *mut c_uint,
            to: *mut nvmlProcessInfo_t,
        ) -> nvmlReturn_t {
            answer(state::enter_device(stringify!($name), device).and_then(|target| {
                let list: fn(&Gpu) -> &[Process] = $list;
                let list: Vec<nvmlProcessInfo_t> = on(&target, list(target.gpu())).map(info).collect();
                // SAFETY: the caller's contract is the same.
                unsafe { fill(&list, count, to) }
            }))
        }
    )*};
}

lists! {
    nvmlDeviceGetComputeRunningProcesses_v3: |gpu| &gpu.processes;
    nvmlDeviceGetMPSComputeRunningProcesses_v3: |gpu| &gpu.mps_processes;
    nvmlDeviceGetGraphicsRunningProcesses_v3: |gpu| &gpu.graphics_processes;
}

fn info(process: &Process) -> nvmlProcessInfo_t {
    nvmlProcessInfo_t {
        pid: process.pid,
        usedGpuMemory: process.memory_mib * MIB,
        gpuInstanceId: process.instance.unwrap_or(NO_INSTANCE),
        computeInstanceId: process.instance.map_or(NO_INSTANCE, |_| 0),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetProcessUtilization(
    device: nvmlDevice_t,
    to: *mut nvmlProcessUtilizationSample_t,
    count: *mut c_uint,
    last_seen: c_ulonglong,
) -> nvmlReturn_t {
    answer(state::enter_device("nvmlDeviceGetProcessUtilization", device).and_then(|target| {
        if target.gpu().mig == Some(true) {
            return Err(nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED);
        }
        // A slow driver: one sample, at the last full second.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timeStamp = since_epoch.as_secs() * MICROSECONDS_PER_SECOND;
        let sample = |process: &Process| {
            process.utilization.map(|smUtil| nvmlProcessUtilizationSample_t {
                pid: process.pid,
                timeStamp,
                smUtil,
                memUtil: 0,
                encUtil: 0,
                decUtil: 0,
            })
        };
        let all = target.gpu().all_processes();
        let list: Vec<_> = all.filter_map(sample).filter(|_| timeStamp > last_seen).collect();
        if list.is_empty() {
            // What NVML answers where no process has been seen at work.
            return Err(nvmlReturn_enum_NVML_ERROR_NOT_FOUND);
        }
        // SAFETY: the caller's contract is the same.
        unsafe { fill(&list, count, to) }
    }))
}
