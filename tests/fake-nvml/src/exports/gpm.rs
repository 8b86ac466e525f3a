//! GPU performance monitoring: Hopper and newer.

use std::ffi::c_uint;

use nvml_wrapper_sys::bindings::*;

use super::answer;
use crate::scenario::{Curve, Gpm};
use crate::state::{self, Refusal, Target};

/// What a sample's handle points to.
struct Sample {
    gpm: Option<Gpm>,
    seconds: u64,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlGpmQueryDeviceSupport(
    device: nvmlDevice_t,
    to: *mut nvmlGpmSupport_t,
) -> nvmlReturn_t {
    answer(state::enter_device("nvmlGpmQueryDeviceSupport", device).map(|target| {
        let gpu = target.gpu();
        let supported = gpu.gpm.is_some() || gpu.instances.iter().any(|instance| instance.gpm.is_some());
        // SAFETY: the caller gives one such value.
        unsafe { (*to).isSupportedDevice = supported.into() };
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlGpmSampleAlloc(to: *mut nvmlGpmSample_t) -> nvmlReturn_t {
    answer(state::enter("nvmlGpmSampleAlloc").map(|_| {
        let sample = Box::into_raw(Box::new(Sample { gpm: None, seconds: 0 }));
        // SAFETY: the caller gives room for one handle.
        unsafe { to.write(sample.cast()) };
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlGpmSampleFree(sample: nvmlGpmSample_t) -> nvmlReturn_t {
    // SAFETY: the handle is one of `nvmlGpmSampleAlloc`, freed once.
    drop(unsafe { Box::from_raw(sample.cast::<Sample>()) });
    nvmlReturn_enum_NVML_SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlGpmSampleGet(device: nvmlDevice_t, sample: nvmlGpmSample_t) -> nvmlReturn_t {
    // SAFETY: the caller's contract is the same.
    unsafe { take("nvmlGpmSampleGet", device, sample, |target| target.gpu().gpm.clone()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlGpmMigSampleGet(
    device: nvmlDevice_t,
    instance: c_uint,
    sample: nvmlGpmSample_t,
) -> nvmlReturn_t {
    let of = |target: &Target| target.gpu().instances.iter().find(|known| known.id == instance)?.gpm.clone();
    // SAFETY: the caller's contract is the same.
    unsafe { take("nvmlGpmMigSampleGet", device, sample, of) }
}

unsafe fn take(
    function: &str,
    device: nvmlDevice_t,
    sample: nvmlGpmSample_t,
    of: impl FnOnce(&Target) -> Option<Gpm>,
) -> nvmlReturn_t {
    answer(state::enter_device(function, device).and_then(|target| {
        let gpm = of(&target).ok_or(nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED)?;
        // SAFETY: the handle is one of `nvmlGpmSampleAlloc`.
        unsafe {
            *sample.cast::<Sample>() = Sample { gpm: Some(gpm), seconds: target.now.elapsed.as_secs() }
        };
        Ok(())
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlGpmMetricsGet(request: *mut nvmlGpmMetricsGet_t) -> nvmlReturn_t {
    // SAFETY: the caller gives one request whose samples are of `nvmlGpmSampleAlloc`.
    let request = unsafe { &mut *request };
    let samples = [request.sample1, request.sample2];
    // SAFETY: as above.
    let [first, second] = samples.map(|sample| unsafe { &*sample.cast::<Sample>() });
    answer(state::enter("nvmlGpmMetricsGet").and_then(|_| {
        let (Some(_), Some(gpm)) = (&first.gpm, &second.gpm) else {
            return Err(nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT);
        };
        for metric in request.metrics.iter_mut().take(request.numMetrics as usize) {
            let found = curve(gpm, metric.metricId);
            metric.nvmlReturn = match found {
                Ok(curve) => {
                    metric.value = curve.at(second.seconds);
                    nvmlReturn_enum_NVML_SUCCESS
                }
                Err(refusal) => refusal,
            };
        }
        Ok(())
    }))
}

fn curve(gpm: &Gpm, metric: u32) -> Result<&Curve, Refusal> {
    let curve = match metric {
        nvmlGpmMetricId_t_NVML_GPM_METRIC_GRAPHICS_UTIL => &gpm.graphics,
        nvmlGpmMetricId_t_NVML_GPM_METRIC_SM_UTIL => &gpm.sm,
        nvmlGpmMetricId_t_NVML_GPM_METRIC_SM_OCCUPANCY => &gpm.sm_occupancy,
        nvmlGpmMetricId_t_NVML_GPM_METRIC_ANY_TENSOR_UTIL => &gpm.tensor,
        nvmlGpmMetricId_t_NVML_GPM_METRIC_DRAM_BW_UTIL => &gpm.dram,
        nvmlGpmMetricId_t_NVML_GPM_METRIC_PCIE_TX_PER_SEC => &gpm.pcie_tx_mib,
        nvmlGpmMetricId_t_NVML_GPM_METRIC_PCIE_RX_PER_SEC => &gpm.pcie_rx_mib,
        _ => &None,
    };
    curve.as_ref().ok_or(nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED)
}
