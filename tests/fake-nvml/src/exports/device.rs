//! A device's facts and measurements.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::field_id::*;
use nvml_wrapper_sys::bindings::*;

use super::{answer, copy, put, reads};
use crate::scenario::{Ecc, Links, PcieRates};
use crate::state::{self, Target};

const MIB: u64 = 1 << 20;

reads! {
    nvmlDeviceGetPowerUsage: c_uint =
        |target| Some((target.of(target.whole()?.power_watts.as_ref()?) * 1000.0) as c_uint);
    nvmlDeviceGetEnforcedPowerLimit: c_uint =
        |target| target.whole()?.power_limit_watts.map(|watts| watts * 1000);
    nvmlDeviceGetTotalEnergyConsumption: c_ulonglong = |target| target.whole()?.energy_millijoules;
    nvmlDeviceGetPcieReplayCounter: c_uint = |target| target.whole()?.pcie_replays;
    nvmlDeviceGetCurrentClocksThrottleReasons: c_ulonglong = |target| target.whole()?.throttle_reasons;
    nvmlDeviceGetUtilizationRates: nvmlUtilization_t = utilization;
    nvmlDeviceGetMemoryInfo_v2: nvmlMemory_v2_t = memory;
    nvmlDeviceGetMinorNumber: c_uint =
        |target| Some(target.whole()?.minor.unwrap_or(target.index as c_uint));
    nvmlDeviceGetPciInfo_v3: nvmlPciInfo_t = |target| Some(pci(target));
}

/// NVML does not measure GPUs that are cut into instances.
fn utilization(target: &Target) -> Option<nvmlUtilization_t> {
    let gpu = target.whole().filter(|gpu| gpu.mig != Some(true))?;
    let percent = |curve| Some(target.of(Option::as_ref(curve)?) as c_uint);
    Some(nvmlUtilization_t { gpu: percent(&gpu.utilization)?, memory: percent(&gpu.memory_utilization)? })
}

fn memory(target: &Target) -> Option<nvmlMemory_v2_t> {
    let (total, used, reserved) = match target.instance() {
        None => {
            let gpu = target.gpu();
            (gpu.memory_mib, &gpu.memory_used_mib, gpu.memory_reserved_mib)
        }
        Some(instance) => (instance.memory_mib, &instance.memory_used_mib, 0),
    };
    let used = target.of(used) as u64;
    Some(nvmlMemory_v2_t {
        version: 0,
        total: total * MIB,
        reserved: reserved * MIB,
        free: total.saturating_sub(used + reserved) * MIB,
        used: used * MIB,
    })
}

fn pci(target: &Target) -> nvmlPciInfo_t {
    // SAFETY: numbers and characters, of which all may be zero.
    let mut pci: nvmlPciInfo_t = unsafe { std::mem::zeroed() };
    pci.bus = target.index as c_uint + 0x10;
    let text = format!("00000000:{:02X}:00.0", pci.bus);
    // SAFETY: the field has room for more.
    let copied = unsafe { copy(&text, pci.busId.as_mut_ptr(), pci.busId.len() as u32) };
    assert!(copied.is_ok(), "16 characters");
    pci
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetUUID(
    device: nvmlDevice_t,
    to: *mut c_char,
    length: c_uint,
) -> nvmlReturn_t {
    let target = state::enter_device("nvmlDeviceGetUUID", device);
    // SAFETY: the caller gives room for `length` bytes.
    answer(target.and_then(|target| unsafe { copy(&target.uuid(), to, length) }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetName(
    device: nvmlDevice_t,
    to: *mut c_char,
    length: c_uint,
) -> nvmlReturn_t {
    answer(state::enter_device("nvmlDeviceGetName", device).and_then(|target| {
        let mut name = target.gpu().name.clone();
        if let Some(instance) = target.instance() {
            name += &format!(" MIG {}", instance.profile);
        }
        // SAFETY: the caller gives room for `length` bytes.
        unsafe { copy(&name, to, length) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetTemperature(
    device: nvmlDevice_t,
    _sensor: nvmlTemperatureSensors_t,
    to: *mut c_uint,
) -> nvmlReturn_t {
    let celsius = |target: &Target| Some(target.of(target.whole()?.temperature.as_ref()?) as c_uint);
    // SAFETY: the caller gives room for one number.
    unsafe { put("nvmlDeviceGetTemperature", device, to, celsius) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetClockInfo(
    device: nvmlDevice_t,
    clock: nvmlClockType_t,
    to: *mut c_uint,
) -> nvmlReturn_t {
    let megahertz = |target: &Target| match clock {
        nvmlClockType_enum_NVML_CLOCK_SM => target.whole()?.sm_clock,
        nvmlClockType_enum_NVML_CLOCK_MEM => target.whole()?.memory_clock,
        _ => None,
    };
    // SAFETY: the caller gives room for one number.
    unsafe { put("nvmlDeviceGetClockInfo", device, to, megahertz) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetEncoderUtilization(
    device: nvmlDevice_t,
    percent: *mut c_uint,
    period: *mut c_uint,
) -> nvmlReturn_t {
    // SAFETY: the caller gives room for two numbers.
    unsafe { codec("nvmlDeviceGetEncoderUtilization", device, percent, period) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetDecoderUtilization(
    device: nvmlDevice_t,
    percent: *mut c_uint,
    period: *mut c_uint,
) -> nvmlReturn_t {
    // SAFETY: the caller gives room for two numbers.
    unsafe { codec("nvmlDeviceGetDecoderUtilization", device, percent, period) }
}

/// Nothing is ever encoded or decoded here.
unsafe fn codec(
    function: &str,
    device: nvmlDevice_t,
    percent: *mut c_uint,
    period: *mut c_uint,
) -> nvmlReturn_t {
    let idle = |target: &Target| {
        target.whole().filter(|gpu| gpu.mig != Some(true))?;
        // SAFETY: the caller gives room for this number too.
        unsafe { period.write(167_000) };
        Some(0)
    };
    // SAFETY: the caller gives room for one number.
    unsafe { put(function, device, percent, idle) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetTotalEccErrors(
    device: nvmlDevice_t,
    kind: nvmlMemoryErrorType_t,
    counter: nvmlEccCounterType_t,
    to: *mut c_ulonglong,
) -> nvmlReturn_t {
    let count = |target: &Target| {
        let Ecc { corrected_volatile, uncorrected_volatile, corrected_aggregate, uncorrected_aggregate } =
            target.whole()?.ecc?;
        Some(match (kind, counter) {
            (0, 0) => corrected_volatile,
            (0, _) => corrected_aggregate,
            (_, 0) => uncorrected_volatile,
            _ => uncorrected_aggregate,
        })
    };
    // SAFETY: the caller gives room for one number.
    unsafe { put("nvmlDeviceGetTotalEccErrors", device, to, count) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetViolationStatus(
    device: nvmlDevice_t,
    policy: nvmlPerfPolicyType_t,
    to: *mut nvmlViolationTime_t,
) -> nvmlReturn_t {
    let violation = |target: &Target| {
        let time = target.whole()?.power_violation_nanoseconds?;
        let violationTime = if policy == nvmlPerfPolicyType_enum_NVML_PERF_POLICY_POWER { time } else { 0 };
        Some(nvmlViolationTime_t { referenceTime: 0, violationTime })
    };
    // SAFETY: the caller gives room for one value.
    unsafe { put("nvmlDeviceGetViolationStatus", device, to, violation) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetPcieThroughput(
    device: nvmlDevice_t,
    counter: nvmlPcieUtilCounter_t,
    to: *mut c_uint,
) -> nvmlReturn_t {
    let rate = |target: &Target| {
        let PcieRates { tx_kb, rx_kb } = target.whole()?.pcie?;
        Some(if counter == nvmlPcieUtilCounter_enum_NVML_PCIE_UTIL_TX_BYTES { tx_kb } else { rx_kb })
    };
    // SAFETY: the caller gives room for one number.
    unsafe { put("nvmlDeviceGetPcieThroughput", device, to, rate) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetFieldValues(
    device: nvmlDevice_t,
    count: c_int,
    values: *mut nvmlFieldValue_t,
) -> nvmlReturn_t {
    answer(state::enter_device("nvmlDeviceGetFieldValues", device).map(|target| {
        // SAFETY: the caller gives as many values as it says.
        let values =
            unsafe { std::slice::from_raw_parts_mut(values, usize::try_from(count).unwrap_or_default()) };
        for value in values {
            value.valueType = nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
            value.nvmlReturn = nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED;
            if let Some(found) = field(&target, value.fieldId, value.scopeId) {
                value.value.ullVal = found;
                value.nvmlReturn = nvmlReturn_enum_NVML_SUCCESS;
            }
        }
    }))
}

fn sent_since(target: &Target, links: Links) -> u64 {
    links.tx_kib_per_second * target.now.elapsed.as_millis() as u64 / 1000
}

fn field(target: &Target, id: u32, scope: u32) -> Option<u64> {
    let gpu = target.whole()?;
    let links = || gpu.nvlink.filter(|_| scope == u32::MAX);
    Some(match id {
        NVML_FI_DEV_MEMORY_TEMP => gpu.memory_temperature?.into(),
        NVML_FI_DEV_REMAPPED_COR => gpu.remapped?.correctable.into(),
        NVML_FI_DEV_REMAPPED_UNC => gpu.remapped?.uncorrectable.into(),
        NVML_FI_DEV_REMAPPED_PENDING => gpu.remapped?.pending.into(),
        NVML_FI_DEV_REMAPPED_FAILURE => gpu.remapped?.failed.into(),
        NVML_FI_DEV_RETIRED_SBE => gpu.retired?.single_bit.into(),
        NVML_FI_DEV_RETIRED_DBE => gpu.retired?.double_bit.into(),
        NVML_FI_DEV_RETIRED_PENDING => gpu.retired?.pending.into(),
        NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL => gpu.nvlink?.errors?.flit_crc.into(),
        NVML_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL => gpu.nvlink?.errors?.data_crc.into(),
        NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL => gpu.nvlink?.errors?.replays.into(),
        NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL => gpu.nvlink?.errors?.recoveries.into(),
        NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX => {
            links().map(|links| links.tx_kib + sent_since(target, links))?
        }
        NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX => links()?.rx_kib,
        _ => return None,
    })
}
