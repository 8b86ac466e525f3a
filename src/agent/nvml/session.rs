//! NVML from one initialization to the next: the GPUs that it names, read again and again.

use std::collections::BTreeMap;
use std::sync::Arc;

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

use super::gpm::Sampler;
use super::{board, ends_session, fault, mig, processes};
use crate::agent::figure::{Figure, Figures};
use crate::agent::reading::{GpuReading, Identity, InstanceReading, ProcessReading};
use crate::clock::{self, Stopwatch};
use crate::cluster::Timestamp;

/// Counters and limits are asked for once in so many readings.
const SLOW_EVERY: u64 = 10;

/// What is remembered of the GPUs between readings.
pub(in crate::agent) struct Session<'nvml> {
    nvml: &'nvml Nvml,
    driver_version: Option<Arc<str>>,
    gpus: Vec<Known<'nvml>>,
}

#[derive(Default)]
struct Known<'nvml> {
    /// How often it was read without a fault.
    readings: u64,
    identity: Option<Arc<Identity>>,
    slow: Figures,
    sampler: Sampler<'nvml>,
    instance_samplers: BTreeMap<u32, Sampler<'nvml>>,
    /// All data over NVLink so far, and since when that is known.
    nvlink: Option<(Stopwatch, u64)>,
}

/// What one reading of a GPU found.
struct Found {
    figures: Figures,
    mig: bool,
    instances: Vec<InstanceReading>,
    processes: Vec<ProcessReading>,
    unlisted_processes: Option<u32>,
}

impl<'nvml> Session<'nvml> {
    /// Counts the GPUs.
    pub(in crate::agent) fn start(nvml: &'nvml Nvml) -> Result<Self, NvmlError> {
        let count = nvml.device_count()?;
        let driver_version = nvml.sys_driver_version().ok().map(Arc::from);
        let gpus = (0..count).map(|_| Known::default()).collect();
        Ok(Self { nvml, driver_version, gpus })
    }

    /// How many GPUs there are.
    pub(in crate::agent) fn count(&self) -> u32 {
        self.gpus.len() as u32
    }

    /// Whether NVML still counts as many. Another number needs another session.
    pub(in crate::agent) fn is_current(&self) -> Result<bool, NvmlError> {
        Ok(self.nvml.device_count()? == self.count())
    }

    /// The driver's version.
    pub(in crate::agent) fn driver_version(&self) -> Option<Arc<str>> {
        self.driver_version.clone()
    }

    /// Reads one GPU. A fault of its own is in the reading, which keeps what `last` knew. `None` the first time, and the
    /// first time after a fault: what happens between two samples is not known yet, and a reading without it would
    /// show another measure of how busy the GPU is than the next.
    ///
    /// # Errors
    /// What ends the session.
    pub(in crate::agent) fn read(
        &mut self,
        index: u32,
        last: Option<&GpuReading>,
    ) -> Result<Option<GpuReading>, NvmlError> {
        let known = &mut self.gpus[index as usize];
        let found = self.nvml.device_by_index(index).and_then(|device| known.read(&device, index));
        match found {
            Ok(_) if known.readings == 1 => Ok(None),
            Ok(Found { figures, mig, instances, processes, unlisted_processes }) => Ok(Some(GpuReading {
                index,
                identity: known.identity.clone(),
                fault: None,
                taken_at: clock::now(),
                figures,
                mig,
                instances,
                processes,
                unlisted_processes,
            })),
            Err(error) if ends_session(&error) => Err(error),
            Err(error) => {
                let last = last.cloned().unwrap_or_else(|| nothing(index));
                // What samples were taken of may be gone.
                let Known { identity, .. } = std::mem::take(known);
                let identity = last.identity.or(identity);
                Ok(Some(GpuReading { fault: Some(fault(&error)), identity, ..last }))
            }
        }
    }
}

/// A GPU of which nothing was ever read.
pub(in crate::agent) fn nothing(index: u32) -> GpuReading {
    GpuReading {
        index,
        identity: None,
        fault: None,
        taken_at: Timestamp::default(),
        figures: Figures::default(),
        mig: false,
        instances: Vec::new(),
        processes: Vec::new(),
        unlisted_processes: None,
    }
}

impl<'nvml> Known<'nvml> {
    fn read(&mut self, device: &Device<'nvml>, index: u32) -> Result<Found, NvmlError> {
        if self.identity.is_none() {
            self.identity = Some(board::identity(device, index)?);
        }
        let mut figures = Figures::default();
        let mig = mig::is_enabled(device);
        board::moving(device, mig, &mut figures)?;
        self.nvlink_rate(&mut figures);
        let mut instances = Vec::new();
        if mig {
            self.sampler = Sampler::default();
            instances = mig::instances(device, &mut self.instance_samplers)?;
        } else {
            // What is older than Hopper does not know it.
            let _unsupported = self.sampler.sample(device.nvml(), device.gpm_sample(), &mut figures);
        }
        // All GPUs in the first reading; later not all in the same.
        if self.readings == 0 || (self.readings + u64::from(index)).is_multiple_of(SLOW_EVERY) {
            self.slow = board::slow(device, &figures)?;
        }
        self.readings += 1;
        figures.complete(&self.slow);
        let (processes, unlisted_processes) = processes::processes(device, mig)?;
        Ok(Found { figures, mig, instances, processes, unlisted_processes })
    }

    /// The rate over NVLink since the last reading, both ways together as DCGM has it.
    fn nvlink_rate(&mut self, figures: &mut Figures) {
        let count = |figure| figures.get(figure);
        let all = count(Figure::NvlinkSentBytes).zip(count(Figure::NvlinkReceivedBytes));
        let next = all.map(|(sent, received)| (Stopwatch::start(), sent + received));
        let Some(((began, before), (_, after))) = std::mem::replace(&mut self.nvlink, next).zip(next) else {
            return;
        };
        let milliseconds = (began.elapsed().as_millis() as u64).max(1);
        figures.put(
            Figure::NvlinkBytesPerSecond,
            after.checked_sub(before).map(|moved| moved * 1000 / milliseconds),
        );
    }
}
