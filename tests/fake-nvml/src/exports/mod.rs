//! NVML's C symbols, by the chapters of its manual.
//!
//! The caller of each keeps NVML's contract: pointers are valid for what the manual says is written to them.
#![allow(non_snake_case, non_upper_case_globals, reason = "the names are NVIDIA's")]
#![allow(missing_docs, reason = "NVIDIA's manual documents them")]
#![allow(clippy::missing_safety_doc, reason = "one contract for all, given above")]

mod device;
mod event;
mod gpm;
mod mig;
mod process;
mod system;

use std::ffi::c_char;

use nvml_wrapper_sys::bindings::*;

use crate::state::{self, Refusal, Target};

/// Turns what a call found into what C returns.
fn answer(found: Result<(), Refusal>) -> nvmlReturn_t {
    found.err().unwrap_or(nvmlReturn_enum_NVML_SUCCESS)
}

/// Writes what `value` finds of the device; `None` is what it does not support.
unsafe fn put<T>(
    function: &str,
    device: nvmlDevice_t,
    to: *mut T,
    value: impl FnOnce(&Target) -> Option<T>,
) -> nvmlReturn_t {
    answer(state::enter_device(function, device).and_then(|target| {
        let value = value(&target).ok_or(nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED)?;
        // SAFETY: the caller gives room for one value.
        unsafe { to.write(value) };
        Ok(())
    }))
}

/// Copies a text with its closing zero.
unsafe fn copy(text: &str, to: *mut c_char, length: u32) -> Result<(), Refusal> {
    if text.len() >= length as usize {
        return Err(nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE);
    }
    // SAFETY: the caller gives room for `length` bytes, and the text with its zero is not longer.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), to, text.len());
        to.add(text.len()).write(0);
    }
    Ok(())
}

/// Functions that read one value of a device.
macro_rules! reads {
    ($($name:ident: $type:ty = $value:expr;)*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(device: nvmlDevice_t, to: *mut $type) -> nvmlReturn_t {
            // SAFETY: the caller's contract is the same.
            unsafe { $crate::exports::put(stringify!($name), device, to, $value) }
        }
    )*};
}
use reads;
