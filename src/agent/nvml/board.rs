//! What a GPU as a whole is asked: who it is, and its quantities.

use std::sync::Arc;

use nvml_wrapper::Device;
use nvml_wrapper::enum_wrappers::device::{
    Clock, EccCounter, MemoryError, PcieUtilCounter, PerformancePolicy, TemperatureSensor,
};
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::FieldValueSample;
use nvml_wrapper::structs::device::{FieldId, UtilizationInfo};
use nvml_wrapper_sys::bindings::field_id::{
    NVML_FI_DEV_MEMORY_TEMP, NVML_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL,
    NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL, NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL,
    NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL, NVML_FI_DEV_REMAPPED_COR, NVML_FI_DEV_REMAPPED_FAILURE,
    NVML_FI_DEV_REMAPPED_PENDING, NVML_FI_DEV_REMAPPED_UNC, NVML_FI_DEV_RETIRED_DBE,
    NVML_FI_DEV_RETIRED_PENDING, NVML_FI_DEV_RETIRED_SBE,
};

use super::{Asking, raw};
use crate::agent::figure::{Figure, Figures};
use crate::agent::reading::Identity;

const ECC: [(Figure, MemoryError, EccCounter); 4] = [
    (Figure::EccCorrectedVolatile, MemoryError::Corrected, EccCounter::Volatile),
    (Figure::EccUncorrectedVolatile, MemoryError::Uncorrected, EccCounter::Volatile),
    (Figure::EccCorrectedAggregate, MemoryError::Corrected, EccCounter::Aggregate),
    (Figure::EccUncorrectedAggregate, MemoryError::Uncorrected, EccCounter::Aggregate),
];

const VIOLATIONS: [(Figure, PerformancePolicy); 6] = [
    (Figure::PowerViolationNanoseconds, PerformancePolicy::Power),
    (Figure::ThermalViolationNanoseconds, PerformancePolicy::Thermal),
    (Figure::SyncBoostViolationNanoseconds, PerformancePolicy::SyncBoost),
    (Figure::BoardLimitViolationNanoseconds, PerformancePolicy::BoardLimit),
    (Figure::LowUtilizationViolationNanoseconds, PerformancePolicy::LowUtilization),
    (Figure::ReliabilityViolationNanoseconds, PerformancePolicy::Reliability),
];

/// What NVML gives as fields, all in one call. The totals of NVLink are over all links.
const FIELDS: [(Figure, u32); 11] = [
    (Figure::RowsRemappedCorrectable, NVML_FI_DEV_REMAPPED_COR),
    (Figure::RowsRemappedUncorrectable, NVML_FI_DEV_REMAPPED_UNC),
    (Figure::RowRemapPending, NVML_FI_DEV_REMAPPED_PENDING),
    (Figure::RowRemapFailed, NVML_FI_DEV_REMAPPED_FAILURE),
    (Figure::PagesRetiredSingleBit, NVML_FI_DEV_RETIRED_SBE),
    (Figure::PagesRetiredDoubleBit, NVML_FI_DEV_RETIRED_DBE),
    (Figure::PagesPendingRetirement, NVML_FI_DEV_RETIRED_PENDING),
    (Figure::NvlinkFlitCrcErrors, NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL),
    (Figure::NvlinkDataCrcErrors, NVML_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL),
    (Figure::NvlinkReplays, NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL),
    (Figure::NvlinkRecoveries, NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL),
];

const PCIE: [(Figure, PcieUtilCounter); 2] = [
    (Figure::PcieSentBytesPerSecond, PcieUtilCounter::Send),
    (Figure::PcieReceivedBytesPerSecond, PcieUtilCounter::Receive),
];

/// NVML's manual says KB/s.
const BYTES_PER_KILOBYTE: u64 = 1000;

/// Who the GPU is. Its UUID is the least that it must say.
pub(super) fn identity(device: &Device<'_>, index: u32) -> Result<Arc<Identity>, NvmlError> {
    let mut asking = Asking::default();
    let identity = Identity {
        uuid: device.uuid()?.into(),
        model: asking.ask(device.name()).unwrap_or_default(),
        // dcgm-exporter prints NVML's address as it is, with eight digits of domain.
        pci_bus_id: asking.ask(device.pci_info()).map(|pci| pci.bus_id).unwrap_or_default(),
        device: format!("nvidia{index}"),
        file: asking.ask(device.minor_number()).map(|minor| format!("nvidia{minor}").into()),
    };
    asking.finish()?;
    Ok(Arc::new(identity))
}

/// What moves from second to second. `mig` leaves memory and utilization to the instances.
pub(super) fn moving(device: &Device<'_>, mig: bool, to: &mut Figures) -> Result<(), NvmlError> {
    let mut asking = Asking::default();
    let mut put = |figure, found: Result<u64, NvmlError>| to.put(figure, asking.ask(found));
    put(Figure::SmClockMegahertz, device.clock_info(Clock::SM).map(u64::from));
    put(Figure::MemoryClockMegahertz, device.clock_info(Clock::Memory).map(u64::from));
    put(Figure::TemperatureCelsius, device.temperature(TemperatureSensor::Gpu).map(u64::from));
    put(Figure::MemoryTemperatureCelsius, field(device, NVML_FI_DEV_MEMORY_TEMP));
    put(Figure::PowerMilliwatts, device.power_usage().map(u64::from));
    put(Figure::ThrottleReasons, device.current_throttle_reasons().map(|reasons| reasons.bits()));
    if let Some((sent, received)) = asking.ask(raw::nvlink_bytes(device)) {
        to.extend([(Figure::NvlinkSentBytes, sent), (Figure::NvlinkReceivedBytes, received)]);
    }
    if !mig {
        utilization(device, &mut asking, to);
        memory(device, &mut asking, to);
    }
    asking.finish()
}

fn utilization(device: &Device<'_>, asking: &mut Asking, to: &mut Figures) {
    if let Some(found) = asking.ask(device.utilization_rates()) {
        to.extend([
            (Figure::GpuUtilPercent, found.gpu.into()),
            (Figure::MemoryUtilPercent, found.memory.into()),
        ]);
    }
    let percent = |found: UtilizationInfo| u64::from(found.utilization);
    to.put(Figure::EncoderUtilPercent, asking.ask(device.encoder_utilization()).map(percent));
    to.put(Figure::DecoderUtilPercent, asking.ask(device.decoder_utilization()).map(percent));
}

pub(super) fn memory(device: &Device<'_>, asking: &mut Asking, to: &mut Figures) {
    if let Some(found) = asking.ask(device.memory_info()) {
        to.extend([
            (Figure::MemoryFreeBytes, found.free),
            (Figure::MemoryUsedBytes, found.used),
            (Figure::MemoryReservedBytes, found.reserved),
            (Figure::MemoryTotalBytes, found.total),
        ]);
    }
}

/// Counters and limits, which may be a few seconds old, and what is dear to ask for where `known` has it not.
pub(super) fn slow(device: &Device<'_>, known: &Figures) -> Result<Figures, NvmlError> {
    let (mut asking, mut figures) = (Asking::default(), Figures::default());
    let mut put = |figure, found: Result<u64, NvmlError>| figures.put(figure, asking.ask(found));
    put(Figure::EnergyMillijoules, device.total_energy_consumption());
    put(Figure::PowerLimitMilliwatts, device.enforced_power_limit().map(u64::from));
    put(Figure::PcieReplays, device.pcie_replay_counter().map(u64::from));
    for (figure, kind, counter) in ECC {
        put(figure, device.total_ecc_errors(kind, counter));
    }
    for (figure, policy) in VIOLATIONS {
        put(figure, device.violation_status(policy).map(|found| found.violation_time));
    }
    let found = fields(device, FIELDS.map(|(_, id)| id));
    for ((figure, _), found) in FIELDS.into_iter().zip(found) {
        put(figure, found);
    }
    // Not GPM's rates since the last reading but of 20 milliseconds, which the call waits for.
    for (figure, way) in PCIE.into_iter().filter(|(figure, _)| known.get(*figure).is_none()) {
        put(figure, device.pcie_throughput(way).map(|kilobytes| u64::from(kilobytes) * BYTES_PER_KILOBYTE));
    }
    asking.finish()?;
    Ok(figures)
}

fn field(device: &Device<'_>, id: u32) -> Result<u64, NvmlError> {
    let [found] = fields(device, [id]);
    found
}

/// Each as it is found; where none can be asked for, the error is the first one's.
fn fields<const N: usize>(device: &Device<'_>, ids: [u32; N]) -> [Result<u64, NvmlError>; N] {
    let mut answers = match device.field_values_for(&ids.map(FieldId)) {
        Ok(answers) => answers.into_iter().map(|answer| answer.and_then(number)).collect(),
        Err(error) => vec![Err(error)],
    }
    .into_iter();
    std::array::from_fn(|_| answers.next().unwrap_or(Err(NvmlError::NoData)))
}

fn number(found: FieldValueSample) -> Result<u64, NvmlError> {
    match found.value? {
        SampleValue::U32(value) => Ok(value.into()),
        SampleValue::U64(value) => Ok(value),
        SampleValue::I64(value) => u64::try_from(value).map_err(|_| NvmlError::NoData),
        SampleValue::F64(_) => Err(NvmlError::NoData),
    }
}
