//! Initialization, and the node as a whole.

use std::ffi::{c_char, c_uint};

use nvml_wrapper_sys::bindings::*;

use super::{answer, copy};
use crate::state;

#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> nvmlReturn_t {
    answer(state::enter_early("nvmlInit_v2").and_then(|now| state::initialize(&now)))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> nvmlReturn_t {
    answer(state::enter("nvmlShutdown").map(drop))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetDriverVersion(version: *mut c_char, length: c_uint) -> nvmlReturn_t {
    let now = state::enter("nvmlSystemGetDriverVersion");
    // SAFETY: the caller gives room for `length` bytes.
    answer(now.and_then(|now| unsafe { copy(&now.scenario.driver_version, version, length) }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> nvmlReturn_t {
    answer(state::enter("nvmlDeviceGetCount_v2").map(|now| {
        // SAFETY: the caller gives room for one number.
        unsafe { count.write(now.scenario.gpus.len() as c_uint) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, to: *mut nvmlDevice_t) -> nvmlReturn_t {
    let handle = state::handle(index as usize, None);
    let entered = state::enter_device("nvmlDeviceGetHandleByIndex_v2", handle);
    // SAFETY: the caller gives room for one handle.
    answer(entered.map(|_| unsafe { to.write(handle) }))
}
