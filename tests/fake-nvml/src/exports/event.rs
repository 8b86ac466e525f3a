//! Events: XID errors.

use std::ffi::{c_uint, c_ulonglong};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nvml_wrapper_sys::bindings::*;

use super::{answer, reads};
use crate::state::{self, DELIVERED};

/// How often a waiting call looks for an error.
const POLL: Duration = Duration::from_millis(5);

/// Every set is the same one: it holds all GPUs.
const SET: usize = 1;

reads! {
    nvmlDeviceGetSupportedEventTypes: c_ulonglong = |target| {
        target.whole().map(|_| nvmlEventTypeXidCriticalError.into())
    };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlEventSetCreate(set: *mut nvmlEventSet_t) -> nvmlReturn_t {
    // SAFETY: the caller gives room for one handle.
    answer(state::enter("nvmlEventSetCreate").map(|_| unsafe { set.write(SET as nvmlEventSet_t) }))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlEventSetFree(_set: nvmlEventSet_t) -> nvmlReturn_t {
    nvmlReturn_enum_NVML_SUCCESS
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceRegisterEvents(
    device: nvmlDevice_t,
    _types: c_ulonglong,
    _set: nvmlEventSet_t,
) -> nvmlReturn_t {
    answer(state::enter_device("nvmlDeviceRegisterEvents", device).map(drop))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlEventSetWait_v2(
    _set: nvmlEventSet_t,
    data: *mut nvmlEventData_t,
    timeout_ms: c_uint,
) -> nvmlReturn_t {
    let until = Instant::now() + Duration::from_millis(timeout_ms.into());
    loop {
        let now = match state::enter("nvmlEventSetWait_v2") {
            Ok(now) => now,
            Err(refusal) => return refusal,
        };
        let delivered = DELIVERED.load(Ordering::SeqCst);
        if let Some(xid) = now.scenario.xids.get(delivered) {
            DELIVERED.store(delivered + 1, Ordering::SeqCst);
            let event = nvmlEventData_t {
                device: state::handle(xid.gpu as usize, None),
                eventType: nvmlEventTypeXidCriticalError.into(),
                eventData: xid.code,
                gpuInstanceId: c_uint::MAX,
                computeInstanceId: c_uint::MAX,
            };
            // SAFETY: the caller gives room for one event.
            unsafe { data.write(event) };
            return nvmlReturn_enum_NVML_SUCCESS;
        }
        if Instant::now() >= until {
            return nvmlReturn_enum_NVML_ERROR_TIMEOUT;
        }
        std::thread::sleep(POLL);
    }
}
