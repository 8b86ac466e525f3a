//! What is measured of a device: a closed set of quantities, each with its unit in its name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A quantity that NVML gives of a GPU or of an instance. Ratios are in millionths of the whole (`Ppm`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the dialect's table says what each is, in the words of dcgm-exporter")]
pub enum Figure {
    SmClockMegahertz,
    MemoryClockMegahertz,
    MemoryTemperatureCelsius,
    TemperatureCelsius,
    PowerMilliwatts,
    PowerLimitMilliwatts,
    EnergyMillijoules,
    PcieReplays,
    GpuUtilPercent,
    MemoryUtilPercent,
    EncoderUtilPercent,
    DecoderUtilPercent,
    PowerViolationNanoseconds,
    ThermalViolationNanoseconds,
    SyncBoostViolationNanoseconds,
    BoardLimitViolationNanoseconds,
    LowUtilizationViolationNanoseconds,
    ReliabilityViolationNanoseconds,
    MemoryFreeBytes,
    MemoryUsedBytes,
    MemoryReservedBytes,
    MemoryTotalBytes,
    EccCorrectedVolatile,
    EccUncorrectedVolatile,
    EccCorrectedAggregate,
    EccUncorrectedAggregate,
    PagesRetiredSingleBit,
    PagesRetiredDoubleBit,
    PagesPendingRetirement,
    NvlinkFlitCrcErrors,
    NvlinkDataCrcErrors,
    NvlinkReplays,
    NvlinkRecoveries,
    NvlinkBytesPerSecond,
    NvlinkSentBytes,
    NvlinkReceivedBytes,
    RowsRemappedUncorrectable,
    RowsRemappedCorrectable,
    RowRemapFailed,
    RowRemapPending,
    GrEngineActivePpm,
    SmActivePpm,
    SmOccupancyPpm,
    TensorActivePpm,
    DramActivePpm,
    Fp64ActivePpm,
    Fp32ActivePpm,
    Fp16ActivePpm,
    PcieSentBytesPerSecond,
    PcieReceivedBytesPerSecond,
    /// The bits of `nvmlClocksThrottleReasons`.
    ThrottleReasons,
}

/// The quantities that a device has. One that it does not support is absent, never zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Figures(BTreeMap<Figure, u64>);

impl Figures {
    /// The value, where the device has it.
    #[must_use]
    pub fn get(&self, figure: Figure) -> Option<u64> {
        self.0.get(&figure).copied()
    }

    /// Sets what was found, and leaves out what was not.
    pub fn put(&mut self, figure: Figure, value: Option<u64>) {
        if let Some(value) = value {
            self.0.insert(figure, value);
        }
    }

    /// Adds what the others have besides.
    pub(super) fn complete(&mut self, others: &Self) {
        for (figure, value) in &others.0 {
            self.0.entry(*figure).or_insert(*value);
        }
    }
}

impl Extend<(Figure, u64)> for Figures {
    fn extend<I: IntoIterator<Item = (Figure, u64)>>(&mut self, figures: I) {
        self.0.extend(figures);
    }
}

impl FromIterator<(Figure, u64)> for Figures {
    fn from_iter<I: IntoIterator<Item = (Figure, u64)>>(figures: I) -> Self {
        Self(figures.into_iter().collect())
    }
}
