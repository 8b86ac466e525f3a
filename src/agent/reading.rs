//! What NVML said of the node's GPUs, and when.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::figure::{Figure, Figures};
use crate::cluster::{MigInstance, Source, Timestamp};

/// All GPUs of the node, as read last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// When it was complete.
    pub taken_at: Timestamp,
    /// The driver's version, where NVML says.
    pub driver_version: Option<Arc<str>>,
    /// The GPUs, by index.
    pub gpus: Vec<GpuReading>,
}

/// One GPU. Where it has a fault, what was read of it before stays with the time of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuReading {
    /// NVML's index on this node.
    pub index: u32,
    /// Who it is; `None` for one that was lost before it could say.
    pub identity: Option<Arc<Identity>>,
    /// What keeps it from being read now.
    pub fault: Option<DeviceFault>,
    /// When it was read.
    pub taken_at: Timestamp,
    /// Its own quantities. With MIG only those of the board: memory and utilization are the instances'.
    pub figures: Figures,
    /// Whether it is cut into MIG instances.
    pub mig: bool,
    /// Its MIG instances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceReading>,
    /// Processes on it, of whatever kind; where there are very many not all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ProcessReading>,
    /// How many more there are; `None` where NVML does not list them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlisted_processes: Option<u32>,
}

impl GpuReading {
    /// Its devices: itself, which is `None`, then its MIG instances.
    pub fn devices(&self) -> impl Iterator<Item = Option<&InstanceReading>> {
        std::iter::once(None).chain(self.instances.iter().map(Some))
    }

    /// The quantities of the GPU, or of its instance.
    #[must_use]
    pub fn figures_of<'a>(&'a self, instance: Option<&'a InstanceReading>) -> &'a Figures {
        instance.map_or(&self.figures, |instance| &instance.figures)
    }

    /// What the GPU, or its instance, may be called by who gives it away: its UUID, or its file (see
    /// [`Attribution`](super::Attribution)).
    #[must_use]
    pub fn names(&self, instance: Option<&InstanceReading>) -> Vec<Arc<str>> {
        let identity = self.identity.as_ref();
        let file = identity.and_then(|identity| identity.file.as_ref());
        match instance {
            Some(instance) => {
                let file = file.map(|file| format!("{file}/gi{}", instance.mig.id).into());
                instance.uuids.iter().cloned().chain(file).collect()
            }
            None => identity.map(|identity| identity.uuid.clone()).into_iter().chain(file.cloned()).collect(),
        }
    }
}

/// What does not change of a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The UUID, such as `GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52`.
    pub uuid: Arc<str>,
    /// The product's name.
    pub model: String,
    /// The PCI address, such as `00000000:07:00.0`.
    pub pci_bus_id: String,
    /// The device as dcgm-exporter calls it, by its index, such as `nvidia0`.
    pub device: String,
    /// The device's file in `/dev`, by its minor number, which may be another: such as `nvidia0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<str>>,
}

/// A MIG GPU instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceReading {
    /// Its number and profile.
    pub mig: MigInstance,
    /// The UUIDs of the MIG devices (compute instances) in it, such as `MIG-5c8d...`.
    pub uuids: Vec<Arc<str>>,
    /// Its own quantities.
    pub figures: Figures,
}

/// A process on a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessReading {
    /// Its number, as the host counts.
    pub pid: u32,
    /// The MIG instance that it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<u32>,
    /// The GPU's memory that it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Time its kernels ran; `None` with MIG and before Maxwell, 0 where NVML saw it at rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utilization_percent: Option<u32>,
}

/// Why a GPU cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeviceFault {
    /// It has fallen off the bus.
    Lost,
    /// A call about it has not returned.
    Hanging,
    /// NVML's error.
    Failed(String),
}

impl DeviceFault {
    /// Its name, for a label.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Hanging => "hanging",
            Self::Failed(_) => "failed",
        }
    }
}

impl std::fmt::Display for DeviceFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost => {
                f.write_str("it has fallen off the bus; drain the node and reset the GPU or reboot")
            }
            Self::Hanging => f.write_str("NVML does not return from a call about it"),
            Self::Failed(error) => f.write_str(error),
        }
    }
}

/// The best measure of how busy a device is, in millionths, and where it comes from: `SM_ACTIVE` (GPM, Hopper and
/// newer), else `GR_ENGINE_ACTIVE`, else NVML's `GPU_UTIL`.
#[must_use]
pub fn utilization_ppm(figures: &Figures) -> Option<(u64, Source)> {
    let from = |figure, source, scale| figures.get(figure).map(|value| (value * scale, source));
    from(Figure::SmActivePpm, Source::SmActive, 1)
        .or_else(|| from(Figure::GrEngineActivePpm, Source::GrEngineActive, 1))
        .or_else(|| from(Figure::GpuUtilPercent, Source::GpuUtil, 10_000))
}
