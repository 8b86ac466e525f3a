//! The calls that nvml-wrapper does not wrap. The only unsafe code of the program.
#![expect(unsafe_code, reason = "C functions are called; each block says why it may")]

use nvml_wrapper::Device;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper_sys::bindings::field_id::{
    NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX, NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX,
};
use nvml_wrapper_sys::bindings::{
    nvmlFieldValue_t, nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG as UNSIGNED_LONG_LONG,
};

/// The scope of a field that sums over all links.
const ALL_LINKS: u32 = u32::MAX;

const BYTES_PER_KIB: u64 = 1024;

/// Tells one GPU from another without asking NVML, which does not answer for one that is lost.
pub(super) fn address(device: &Device<'_>) -> usize {
    // SAFETY: the handle is only compared, never used.
    unsafe { device.handle() }.addr()
}

/// The number of the GPU instance that a MIG device lies in (`nvmlDeviceGetGpuInstanceId`).
pub(super) fn gpu_instance_id(device: &Device<'_>) -> Result<u32, NvmlError> {
    let call = nvml_sym(device.nvml().lib().nvmlDeviceGetGpuInstanceId.as_ref())?;
    let mut id = 0;
    // SAFETY: the handle is used while its device lives, and `id` is room for the number that the call writes.
    nvml_try(unsafe { call(device.handle(), &raw mut id) })?;
    Ok(id)
}

/// Data sent and received over all NVLinks since the driver was loaded, in bytes (`nvmlDeviceGetFieldValues` with the
/// scope of all links, which nvml-wrapper cannot give).
pub(super) fn nvlink_bytes(device: &Device<'_>) -> Result<(u64, u64), NvmlError> {
    let call = nvml_sym(device.nvml().lib().nvmlDeviceGetFieldValues.as_ref())?;
    // SAFETY: numbers and a union of numbers, of which all may be zero.
    let mut fields: [nvmlFieldValue_t; 2] = unsafe { std::mem::zeroed() };
    let ids = [NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX, NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX];
    for (field, id) in fields.iter_mut().zip(ids) {
        (field.fieldId, field.scopeId) = (id, ALL_LINKS);
    }
    // SAFETY: the handle is used while its device lives, and the array holds as many fields as the call is told.
    nvml_try(unsafe { call(device.handle(), fields.len() as i32, fields.as_mut_ptr()) })?;
    let bytes = |field: &nvmlFieldValue_t| {
        nvml_try(field.nvmlReturn)?;
        if field.valueType != UNSIGNED_LONG_LONG {
            return Err(NvmlError::UnexpectedVariant(field.valueType));
        }
        // SAFETY: the type says which member of the union was written.
        Ok(unsafe { field.value.ullVal }.saturating_mul(BYTES_PER_KIB))
    };
    Ok((bytes(&fields[0])?, bytes(&fields[1])?))
}
