//! dcgm-exporter's metrics as far as NVML can fill them, in the order of its file of counters.
//!
//! Names, types and help up to 4.8 are those of `etc/default-counters.csv` and `dcp-metrics-included.csv` (4.8.2,
//! Apache-2.0), those that are off by default included. From 4.9 on the names and units are those of its release notes and
//! of DCGM 4.7's field list; where a unit changed the help says the new one. A metric without a new name keeps the old.

use super::{Kind, Metric, Name, Origin, Scale};
use crate::agent::figure::Figure;
use Kind::{Counter, Gauge};

const SAME: Scale = scale(1, 1, false);
const MIB: Scale = scale(1, 1 << 20, false);
const HERTZ: Scale = scale(1_000_000, 1, false);
const PERCENT_TO_RATIO: Scale = scale(1, 100, true);
const MILLI: Scale = scale(1, 1000, true);
const MILLIONTHS: Scale = scale(1, 1_000_000, true);
/// Millions of bytes a second.
const MEGABYTES: Scale = scale(1, 1_000_000, false);

const fn scale(times: u64, per: u64, decimals: bool) -> Scale {
    Scale { times, per, decimals }
}

const fn name(name: &'static str, help: &'static str, scale: Scale) -> Name {
    Name { name, help, scale }
}

/// The same in both dialects.
const fn kept(figure: Figure, kind: Kind, old: Name) -> Metric {
    Metric { origin: Origin::Figure(figure), kind, old: Some(old), new: Some(old) }
}

const fn renamed(figure: Figure, kind: Kind, old: Name, new: Name) -> Metric {
    Metric { origin: Origin::Figure(figure), kind, old: Some(old), new: Some(new) }
}

pub(in crate::agent) const METRICS: [Metric; 47] = [
    renamed(
        Figure::SmClockMegahertz,
        Gauge,
        name("DCGM_FI_DEV_SM_CLOCK", "SM clock frequency (in MHz).", SAME),
        name("DCGM_FI_DEV_SM_CLOCK_HERTZ", "SM clock frequency (in Hz).", HERTZ),
    ),
    renamed(
        Figure::MemoryClockMegahertz,
        Gauge,
        name("DCGM_FI_DEV_MEM_CLOCK", "Memory clock frequency (in MHz).", SAME),
        name("DCGM_FI_DEV_MEMORY_CLOCK_HERTZ", "Memory clock frequency (in Hz).", HERTZ),
    ),
    renamed(
        Figure::MemoryTemperatureCelsius,
        Gauge,
        name("DCGM_FI_DEV_MEMORY_TEMP", "Memory temperature (in C).", SAME),
        name("DCGM_FI_DEV_MEMORY_TEMP_CELSIUS", "Memory temperature (in C).", SAME),
    ),
    renamed(
        Figure::TemperatureCelsius,
        Gauge,
        name("DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C).", SAME),
        name("DCGM_FI_DEV_GPU_TEMP_CELSIUS", "GPU temperature (in C).", SAME),
    ),
    renamed(
        Figure::PowerMilliwatts,
        Gauge,
        name("DCGM_FI_DEV_POWER_USAGE", "Power draw (in W).", MILLI),
        name("DCGM_FI_DEV_BOARD_POWER_WATTS", "Power draw (in W).", MILLI),
    ),
    renamed(
        Figure::EnergyMillijoules,
        Counter,
        name("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "Total energy consumption since boot (in mJ).", SAME),
        name("DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL", "Total energy consumption since boot (in J).", MILLI),
    ),
    renamed(
        Figure::PcieReplays,
        Counter,
        name("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "Total number of PCIe retries.", SAME),
        name("DCGM_FI_DEV_PCIE_REPLAY_TOTAL", "Total number of PCIe retries.", SAME),
    ),
    renamed(
        Figure::GpuUtilPercent,
        Gauge,
        name("DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %).", SAME),
        name("DCGM_FI_DEV_GPU_UTIL_RATIO", "GPU utilization (ratio).", PERCENT_TO_RATIO),
    ),
    renamed(
        Figure::MemoryUtilPercent,
        Gauge,
        name("DCGM_FI_DEV_MEM_COPY_UTIL", "Memory utilization (in %).", SAME),
        name("DCGM_FI_DEV_MEMORY_UTIL_RATIO", "Memory utilization (ratio).", PERCENT_TO_RATIO),
    ),
    renamed(
        Figure::EncoderUtilPercent,
        Gauge,
        name("DCGM_FI_DEV_ENC_UTIL", "Encoder utilization (in %).", SAME),
        name("DCGM_FI_DEV_ENC_UTIL_RATIO", "Encoder utilization (ratio).", PERCENT_TO_RATIO),
    ),
    renamed(
        Figure::DecoderUtilPercent,
        Gauge,
        name("DCGM_FI_DEV_DEC_UTIL", "Decoder utilization (in %).", SAME),
        name("DCGM_FI_DEV_DEC_UTIL_RATIO", "Decoder utilization (ratio).", PERCENT_TO_RATIO),
    ),
    Metric {
        origin: Origin::LastXid,
        kind: Gauge,
        old: Some(name("DCGM_FI_DEV_XID_ERRORS", "Value of the last XID error encountered.", SAME)),
        new: Some(name("DCGM_FI_DEV_XID_ERROR", "Value of the last XID error encountered.", SAME)),
    },
    kept(
        Figure::PowerViolationNanoseconds,
        Counter,
        name("DCGM_FI_DEV_POWER_VIOLATION", "Throttling duration due to power constraints (in ns).", SAME),
    ),
    kept(
        Figure::ThermalViolationNanoseconds,
        Counter,
        name(
            "DCGM_FI_DEV_THERMAL_VIOLATION",
            "Throttling duration due to thermal constraints (in ns).",
            SAME,
        ),
    ),
    kept(
        Figure::SyncBoostViolationNanoseconds,
        Counter,
        name(
            "DCGM_FI_DEV_SYNC_BOOST_VIOLATION",
            "Throttling duration due to sync-boost constraints (in ns).",
            SAME,
        ),
    ),
    kept(
        Figure::BoardLimitViolationNanoseconds,
        Counter,
        name(
            "DCGM_FI_DEV_BOARD_LIMIT_VIOLATION",
            "Throttling duration due to board limit constraints (in ns).",
            SAME,
        ),
    ),
    kept(
        Figure::LowUtilizationViolationNanoseconds,
        Counter,
        name("DCGM_FI_DEV_LOW_UTIL_VIOLATION", "Throttling duration due to low utilization (in ns).", SAME),
    ),
    kept(
        Figure::ReliabilityViolationNanoseconds,
        Counter,
        name(
            "DCGM_FI_DEV_RELIABILITY_VIOLATION",
            "Throttling duration due to reliability constraints (in ns).",
            SAME,
        ),
    ),
    renamed(
        Figure::MemoryFreeBytes,
        Gauge,
        name("DCGM_FI_DEV_FB_FREE", "Framebuffer memory free (in MiB).", MIB),
        name("DCGM_FI_DEV_FB_FREE_BYTES", "Framebuffer memory free (in bytes).", SAME),
    ),
    renamed(
        Figure::MemoryUsedBytes,
        Gauge,
        name("DCGM_FI_DEV_FB_USED", "Framebuffer memory used (in MiB).", MIB),
        name("DCGM_FI_DEV_FB_USED_BYTES", "Framebuffer memory used (in bytes).", SAME),
    ),
    renamed(
        Figure::MemoryReservedBytes,
        Gauge,
        name("DCGM_FI_DEV_FB_RESERVED", "Framebuffer memory reserved (in MiB).", MIB),
        name("DCGM_FI_DEV_FB_RESERVED_BYTES", "Framebuffer memory reserved (in bytes).", SAME),
    ),
    Metric {
        origin: Origin::Figure(Figure::MemoryTotalBytes),
        kind: Gauge,
        old: None,
        new: Some(name("DCGM_FI_DEV_FB_CAPACITY_BYTES", "Framebuffer memory capacity (in bytes).", SAME)),
    },
    kept(
        Figure::EccCorrectedVolatile,
        Counter,
        name("DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "Total number of single-bit volatile ECC errors.", SAME),
    ),
    kept(
        Figure::EccUncorrectedVolatile,
        Counter,
        name("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", "Total number of double-bit volatile ECC errors.", SAME),
    ),
    kept(
        Figure::EccCorrectedAggregate,
        Counter,
        name("DCGM_FI_DEV_ECC_SBE_AGG_TOTAL", "Total number of single-bit persistent ECC errors.", SAME),
    ),
    kept(
        Figure::EccUncorrectedAggregate,
        Counter,
        name("DCGM_FI_DEV_ECC_DBE_AGG_TOTAL", "Total number of double-bit persistent ECC errors.", SAME),
    ),
    kept(
        Figure::PagesRetiredSingleBit,
        Counter,
        name("DCGM_FI_DEV_RETIRED_SBE", "Total number of retired pages due to single-bit errors.", SAME),
    ),
    kept(
        Figure::PagesRetiredDoubleBit,
        Counter,
        name("DCGM_FI_DEV_RETIRED_DBE", "Total number of retired pages due to double-bit errors.", SAME),
    ),
    kept(
        Figure::PagesPendingRetirement,
        Counter,
        name("DCGM_FI_DEV_RETIRED_PENDING", "Total number of pages pending retirement.", SAME),
    ),
    kept(
        Figure::NvlinkFlitCrcErrors,
        Counter,
        name(
            "DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL",
            "Total number of NVLink flow-control CRC errors.",
            SAME,
        ),
    ),
    kept(
        Figure::NvlinkDataCrcErrors,
        Counter,
        name(
            "DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL",
            "Total number of NVLink data CRC errors.",
            SAME,
        ),
    ),
    kept(
        Figure::NvlinkReplays,
        Counter,
        name("DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", "Total number of NVLink retries.", SAME),
    ),
    kept(
        Figure::NvlinkRecoveries,
        Counter,
        name(
            "DCGM_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL",
            "Total number of NVLink recovery errors.",
            SAME,
        ),
    ),
    renamed(
        Figure::NvlinkBytesPerSecond,
        Counter,
        name(
            "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL",
            "Total number of NVLink bandwidth counters for all lanes.",
            MEGABYTES,
        ),
        name(
            "DCGM_FI_DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND",
            "Total number of NVLink bandwidth counters for all lanes.",
            SAME,
        ),
    ),
    renamed(
        Figure::RowsRemappedUncorrectable,
        Counter,
        name(
            "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
            "Number of remapped rows for uncorrectable errors",
            SAME,
        ),
        name(
            "DCGM_FI_DEV_ROW_REMAP_UNCORRECTABLE_TOTAL",
            "Number of remapped rows for uncorrectable errors",
            SAME,
        ),
    ),
    renamed(
        Figure::RowsRemappedCorrectable,
        Counter,
        name("DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", "Number of remapped rows for correctable errors", SAME),
        name(
            "DCGM_FI_DEV_ROW_REMAP_CORRECTABLE_TOTAL",
            "Number of remapped rows for correctable errors",
            SAME,
        ),
    ),
    renamed(
        Figure::RowRemapFailed,
        Gauge,
        name("DCGM_FI_DEV_ROW_REMAP_FAILURE", "Whether remapping of rows has failed", SAME),
        name("DCGM_FI_DEV_ROW_REMAP_FAILED", "Whether remapping of rows has failed", SAME),
    ),
    renamed(
        Figure::GrEngineActivePpm,
        Gauge,
        name("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "Ratio of time the graphics engine is active.", MILLIONTHS),
        name("DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO", "Ratio of time the graphics engine is active.", MILLIONTHS),
    ),
    renamed(
        Figure::SmActivePpm,
        Gauge,
        name("DCGM_FI_PROF_SM_ACTIVE", "The ratio of cycles an SM has at least 1 warp assigned.", MILLIONTHS),
        name(
            "DCGM_FI_PROF_SM_UTIL_RATIO",
            "The ratio of cycles an SM has at least 1 warp assigned.",
            MILLIONTHS,
        ),
    ),
    renamed(
        Figure::SmOccupancyPpm,
        Gauge,
        name("DCGM_FI_PROF_SM_OCCUPANCY", "The ratio of number of warps resident on an SM.", MILLIONTHS),
        name(
            "DCGM_FI_PROF_SM_OCCUPANCY_RATIO",
            "The ratio of number of warps resident on an SM.",
            MILLIONTHS,
        ),
    ),
    renamed(
        Figure::TensorActivePpm,
        Gauge,
        name(
            "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
            "Ratio of cycles the tensor (HMMA) pipe is active.",
            MILLIONTHS,
        ),
        name(
            "DCGM_FI_PROF_TENSOR_UTIL_RATIO",
            "Ratio of cycles the tensor (HMMA) pipe is active.",
            MILLIONTHS,
        ),
    ),
    renamed(
        Figure::DramActivePpm,
        Gauge,
        name("DCGM_FI_PROF_DRAM_ACTIVE", DRAM, MILLIONTHS),
        name("DCGM_FI_PROF_DRAM_UTIL_RATIO", DRAM, MILLIONTHS),
    ),
    kept(
        Figure::Fp64ActivePpm,
        Gauge,
        name("DCGM_FI_PROF_PIPE_FP64_ACTIVE", "Ratio of cycles the fp64 pipes are active.", MILLIONTHS),
    ),
    kept(
        Figure::Fp32ActivePpm,
        Gauge,
        name("DCGM_FI_PROF_PIPE_FP32_ACTIVE", "Ratio of cycles the fp32 pipes are active.", MILLIONTHS),
    ),
    kept(
        Figure::Fp16ActivePpm,
        Gauge,
        name("DCGM_FI_PROF_PIPE_FP16_ACTIVE", "Ratio of cycles the fp16 pipes are active.", MILLIONTHS),
    ),
    kept(
        Figure::PcieSentBytesPerSecond,
        Gauge,
        name(
            "DCGM_FI_PROF_PCIE_TX_BYTES",
            "The rate of data transmitted over the PCIe bus - including both protocol headers and data payloads - in \
             bytes per second.",
            SAME,
        ),
    ),
    kept(
        Figure::PcieReceivedBytesPerSecond,
        Gauge,
        name(
            "DCGM_FI_PROF_PCIE_RX_BYTES",
            "The rate of data received over the PCIe bus - including both protocol headers and data payloads - in \
             bytes per second.",
            SAME,
        ),
    ),
];

const DRAM: &str = "Ratio of cycles the device memory interface is active sending or receiving data.";
