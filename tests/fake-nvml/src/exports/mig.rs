//! Multi-instance GPUs.

use std::ffi::c_uint;

use nvml_wrapper_sys::bindings::*;

use super::{answer, put, reads};
use crate::state::{self, Target};

/// NVML's `NVML_MAX_MIG_DEVICES`: seven compute instances at most.
const MOST_INSTANCES: c_uint = 7;

reads! {
    nvmlDeviceGetMaxMigDeviceCount: c_uint = |target| target.whole()?.mig.map(|_| MOST_INSTANCES);
    nvmlDeviceGetGpuInstanceId: c_uint = |target| Some(target.instance()?.id);
    nvmlDeviceGetComputeInstanceId: c_uint = |target| target.instance().map(|_| 0);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMigMode(
    device: nvmlDevice_t,
    current: *mut c_uint,
    pending: *mut c_uint,
) -> nvmlReturn_t {
    let mode = |target: &Target| {
        let mode = c_uint::from(target.whole()?.mig?);
        // SAFETY: the caller gives room for this number too.
        unsafe { pending.write(mode) };
        Some(mode)
    };
    // SAFETY: the caller gives room for one number.
    unsafe { put("nvmlDeviceGetMigMode", device, current, mode) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMigDeviceHandleByIndex(
    device: nvmlDevice_t,
    index: c_uint,
    to: *mut nvmlDevice_t,
) -> nvmlReturn_t {
    answer(state::enter_device("nvmlDeviceGetMigDeviceHandleByIndex", device).and_then(|target| {
        let gpu = target.whole().filter(|gpu| gpu.mig == Some(true));
        let place = index as usize;
        let found = gpu.is_some_and(|gpu| place < gpu.instances.len());
        let handle = found.then(|| state::handle(target.index, Some(place)));
        // SAFETY: the caller gives room for one handle.
        unsafe { to.write(handle.ok_or(nvmlReturn_enum_NVML_ERROR_NOT_FOUND)?) };
        Ok(())
    }))
}
