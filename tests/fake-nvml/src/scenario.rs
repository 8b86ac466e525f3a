//! What the pretended GPUs are and do: a struct in tests, a YAML file for the library.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A node's GPUs and its driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Scenario {
    /// Whether the kernel's driver is loaded. While it is not, nothing works, and afterwards only what is initialized anew.
    pub driver_loaded: bool,
    /// The driver's version.
    pub driver_version: String,
    /// The GPUs, by index.
    pub gpus: Vec<Gpu>,
    /// XID errors so far. Each is delivered once in the life of a process.
    pub xids: Vec<Xid>,
    /// Functions that this driver does not know yet.
    pub missing: Vec<String>,
    /// Functions that do not return while they are named here.
    pub hanging: Vec<String>,
}

/// One GPU. What is `None` the GPU does not support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Gpu {
    /// The UUID; made of the index where it is empty.
    pub uuid: String,
    /// NVML's product name.
    pub name: String,
    /// The number of its device file; the index where it is `None`.
    pub minor: Option<u32>,
    /// Whether it has fallen off the bus.
    pub lost: bool,
    /// Functions that do not return for this GPU while they are named here.
    pub hanging: Vec<String>,
    /// Time a kernel ran, in percent; never there with MIG.
    pub utilization: Option<Curve>,
    /// Time memory was read or written, in percent.
    pub memory_utilization: Option<Curve>,
    /// Framebuffer memory in all, in MiB.
    pub memory_mib: u64,
    /// Framebuffer memory in use, in MiB.
    pub memory_used_mib: Curve,
    /// Framebuffer memory that the driver keeps, in MiB.
    pub memory_reserved_mib: u64,
    /// The chip's temperature, in °C.
    pub temperature: Option<Curve>,
    /// The memory's temperature, in °C.
    pub memory_temperature: Option<u32>,
    /// Power drawn, in W.
    pub power_watts: Option<Curve>,
    /// Power that may be drawn, in W.
    pub power_limit_watts: Option<u32>,
    /// Energy drawn since the driver was loaded, in mJ.
    pub energy_millijoules: Option<u64>,
    /// The SM clock, in MHz.
    pub sm_clock: Option<u32>,
    /// The memory clock, in MHz.
    pub memory_clock: Option<u32>,
    /// `nvmlClocksThrottleReasons`.
    pub throttle_reasons: Option<u64>,
    /// Time throttled for want of power, in ns.
    pub power_violation_nanoseconds: Option<u64>,
    /// ECC errors.
    pub ecc: Option<Ecc>,
    /// Remapped rows.
    pub remapped: Option<Remapped>,
    /// Retired pages: of GPUs older than Ampere.
    pub retired: Option<Retired>,
    /// PCIe retries.
    pub pcie_replays: Option<u32>,
    /// Data over PCIe now.
    pub pcie: Option<PcieRates>,
    /// Bytes over NVLink so far.
    pub nvlink: Option<Links>,
    /// GPM's metrics: Hopper and newer.
    pub gpm: Option<Gpm>,
    /// Whether MIG is on; `None` where the GPU knows no MIG.
    pub mig: Option<bool>,
    /// MIG instances.
    pub instances: Vec<Instance>,
    /// Processes with a compute context.
    pub processes: Vec<Process>,
    /// Processes that compute through MPS.
    pub mps_processes: Vec<Process>,
    /// Processes that draw.
    pub graphics_processes: Vec<Process>,
}

/// A MIG GPU instance with one compute instance of its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Instance {
    /// The GPU instance's number.
    pub id: u32,
    /// The profile, such as `1g.10gb`.
    pub profile: String,
    /// Framebuffer memory in all, in MiB.
    pub memory_mib: u64,
    /// Framebuffer memory in use, in MiB.
    #[serde(default)]
    pub memory_used_mib: Curve,
    /// GPM's metrics.
    #[serde(default)]
    pub gpm: Option<Gpm>,
}

/// A value over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Curve {
    /// Always the same.
    Constant(f64),
    /// One for each second since the library was loaded, again and again.
    PerSecond(Vec<f64>),
}

/// What GPM measures, in percent; rates in MiB/s.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Gpm {
    /// `NVML_GPM_METRIC_GRAPHICS_UTIL`.
    pub graphics: Option<Curve>,
    /// `NVML_GPM_METRIC_SM_UTIL`.
    pub sm: Option<Curve>,
    /// `NVML_GPM_METRIC_SM_OCCUPANCY`.
    pub sm_occupancy: Option<Curve>,
    /// `NVML_GPM_METRIC_ANY_TENSOR_UTIL`.
    pub tensor: Option<Curve>,
    /// `NVML_GPM_METRIC_DRAM_BW_UTIL`.
    pub dram: Option<Curve>,
    /// `NVML_GPM_METRIC_PCIE_TX_PER_SEC`.
    pub pcie_tx_mib: Option<Curve>,
    /// `NVML_GPM_METRIC_PCIE_RX_PER_SEC`.
    pub pcie_rx_mib: Option<Curve>,
}

/// ECC errors so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Ecc {
    /// Corrected, since the driver was loaded.
    pub corrected_volatile: u64,
    /// Not corrected, since the driver was loaded.
    pub uncorrected_volatile: u64,
    /// Corrected, in the GPU's life.
    pub corrected_aggregate: u64,
    /// Not corrected, in the GPU's life.
    pub uncorrected_aggregate: u64,
}

/// Remapped rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Remapped {
    /// For corrected errors.
    pub correctable: u32,
    /// For errors that were not corrected.
    pub uncorrectable: u32,
    /// Whether one waits for a reset.
    pub pending: bool,
    /// Whether one has failed.
    pub failed: bool,
}

/// Retired pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Retired {
    /// For several single-bit errors.
    pub single_bit: u32,
    /// For a double-bit error.
    pub double_bit: u32,
    /// Whether one waits for a reset.
    pub pending: bool,
}

/// Data moved over all NVLinks, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Links {
    /// Sent.
    pub tx_kib: u64,
    /// Received.
    pub rx_kib: u64,
    /// Sent on top of it in each second since the library was loaded.
    #[serde(default)]
    pub tx_kib_per_second: u64,
    /// Errors, where the GPU counts them.
    #[serde(default)]
    pub errors: Option<LinkErrors>,
}

/// Errors of all NVLinks so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct LinkErrors {
    /// Of flow control's checksums.
    pub flit_crc: u32,
    /// Of data's checksums.
    pub data_crc: u32,
    /// Retries.
    pub replays: u32,
    /// Recoveries.
    pub recoveries: u32,
}

/// `nvmlDeviceGetPcieThroughput`, in KB/s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PcieRates {
    /// Sent.
    pub tx_kb: u32,
    /// Received.
    pub rx_kb: u32,
}

/// A process on a GPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Process {
    /// Its number on the host.
    pub pid: u32,
    /// Its memory, in MiB.
    pub memory_mib: u64,
    /// Time its kernels ran, in percent; `None` where it idles, which NVML does not report.
    #[serde(default)]
    pub utilization: Option<u32>,
    /// The MIG instance that it runs on.
    #[serde(default)]
    pub instance: Option<u32>,
}

/// An XID error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Xid {
    /// The GPU's index.
    pub gpu: u32,
    /// The error's number.
    pub code: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            driver_loaded: true,
            driver_version: "570.86.15".into(),
            gpus: Vec::new(),
            xids: Vec::new(),
            missing: Vec::new(),
            hanging: Vec::new(),
        }
    }
}

impl Default for Gpu {
    /// An idle A100 with everything that it supports.
    fn default() -> Self {
        Self {
            uuid: String::new(),
            name: "NVIDIA A100-SXM4-80GB".into(),
            minor: None,
            lost: false,
            hanging: Vec::new(),
            utilization: Some(Curve::Constant(0.0)),
            memory_utilization: Some(Curve::Constant(0.0)),
            memory_mib: 81_920,
            memory_used_mib: Curve::Constant(0.0),
            memory_reserved_mib: 600,
            temperature: Some(Curve::Constant(31.0)),
            memory_temperature: Some(33),
            power_watts: Some(Curve::Constant(61.5)),
            power_limit_watts: Some(400),
            energy_millijoules: Some(123_456_789),
            sm_clock: Some(1410),
            memory_clock: Some(1593),
            throttle_reasons: Some(1),
            power_violation_nanoseconds: Some(0),
            ecc: Some(Ecc::default()),
            remapped: Some(Remapped::default()),
            retired: None,
            pcie_replays: Some(0),
            pcie: Some(PcieRates::default()),
            nvlink: Some(Links::default()),
            gpm: None,
            mig: Some(false),
            instances: Vec::new(),
            processes: Vec::new(),
            mps_processes: Vec::new(),
            graphics_processes: Vec::new(),
        }
    }
}

impl Gpu {
    /// The processes of all kinds.
    pub(crate) fn all_processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().chain(&self.mps_processes).chain(&self.graphics_processes)
    }
}

impl Default for Curve {
    fn default() -> Self {
        Self::Constant(0.0)
    }
}

impl From<f64> for Curve {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

impl Curve {
    /// The value this many seconds after the library was loaded.
    #[must_use]
    pub fn at(&self, seconds: u64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::PerSecond(values) if values.is_empty() => 0.0,
            Self::PerSecond(values) => values[(seconds % values.len() as u64) as usize],
        }
    }
}

impl Scenario {
    /// Writes the scenario to a file that a library may be reading: it sees the old one or the new one.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_saphyr::to_string(self).map_err(io::Error::other)?;
        let new = path.with_extension("new");
        std::fs::write(&new, text)?;
        std::fs::rename(new, path)
    }
}
