//! Averages between scrapes, and time busy in all: what was read every second is not lost on who asks every 15.

use std::collections::BTreeMap;

use super::figure::{Figure, Figures};
use super::reading::{Reading, utilization_ppm};
use crate::cluster::Timestamp;

/// A device: the GPU's index, and the instance's number with MIG.
pub(super) type Key = (u32, Option<u32>);

/// What of a device is averaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Average {
    /// [`utilization_ppm`], in millionths.
    pub utilization_ppm: Option<u64>,
    /// Framebuffer memory in use.
    pub memory_used_bytes: Option<u64>,
    /// Power drawn.
    pub power_milliwatts: Option<u64>,
}

/// The averages of all devices over one window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Averages {
    /// When the window began.
    pub since: Timestamp,
    /// When it ended.
    pub until: Timestamp,
    devices: BTreeMap<Key, Average>,
    busy: BTreeMap<Key, u64>,
}

impl Averages {
    /// How long the device was busy since the agent started, in millionths of milliseconds: of this, whoever scrapes can
    /// make averages over times of their own.
    #[must_use]
    pub fn busy(&self, device: Key) -> Option<u64> {
        self.busy.get(&device).copied()
    }

    /// Those of a device; nothing where it was not read.
    #[must_use]
    pub fn of(&self, device: Key) -> Average {
        self.devices.get(&device).copied().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    total: u64,
    count: u64,
}

impl Sum {
    fn add(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            (self.total, self.count) = (self.total.saturating_add(value), self.count + 1);
        }
    }

    fn mean(self) -> Option<u64> {
        self.total.checked_div(self.count)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    utilization_ppm: Sum,
    memory_used_bytes: Sum,
    power_milliwatts: Sum,
}

/// Time that a device was busy: [`utilization_ppm`] over the time since the reading before.
#[derive(Debug, Clone, Copy, Default)]
struct Busy {
    /// When it was read last; `None` after a time of which nothing is known.
    read_at: Option<Timestamp>,
    total: u64,
}

impl Busy {
    fn add(&mut self, at: Timestamp, utilization_ppm: u64) {
        let since = self.read_at.replace(at).unwrap_or(at);
        let milliseconds = at.since(since).as_millis() as u64;
        self.total = self.total.saturating_add(milliseconds.saturating_mul(utilization_ppm));
    }
}

/// Readings since the last scrape. What is kept does not grow with their number.
#[derive(Debug, Default)]
pub struct Window {
    since: Timestamp,
    until: Timestamp,
    sums: BTreeMap<Key, Sums>,
    busy: BTreeMap<Key, Busy>,
    last: Averages,
}

impl Window {
    /// Adds a reading; of a GPU that was not read since the last one nothing.
    pub fn add(&mut self, reading: &Reading) {
        let before = self.until;
        if self.sums.is_empty() {
            self.since = self.until.max(self.last.until);
            if self.since == Timestamp::default() {
                self.since = reading.taken_at;
            }
        }
        self.until = reading.taken_at;
        for gpu in &reading.gpus {
            if gpu.taken_at <= before {
                self.interrupt(|known| known == gpu.index);
                continue;
            }
            for instance in gpu.devices() {
                let device = (gpu.index, instance.map(|instance| instance.mig.id));
                self.add_device(device, gpu.figures_of(instance), gpu.taken_at);
            }
        }
    }

    /// From the last reading of these GPUs to the next nothing is known of how busy they were.
    pub fn interrupt(&mut self, gpus: impl Fn(u32) -> bool) {
        for (_, busy) in self.busy.iter_mut().filter(|((gpu, _), _)| gpus(*gpu)) {
            busy.read_at = None;
        }
    }

    fn add_device(&mut self, device: Key, figures: &Figures, at: Timestamp) {
        let utilization_ppm = utilization_ppm(figures).map(|(value, _)| value);
        if let Some(utilization_ppm) = utilization_ppm {
            self.busy.entry(device).or_default().add(at, utilization_ppm);
        }
        let sums = self.sums.entry(device).or_default();
        sums.utilization_ppm.add(utilization_ppm);
        sums.memory_used_bytes.add(figures.get(Figure::MemoryUsedBytes));
        sums.power_milliwatts.add(figures.get(Figure::PowerMilliwatts));
    }

    /// Ends the window and begins the next. Asked again before anything was read, it answers the same: who scrapes
    /// twice loses nothing.
    pub fn close(&mut self) -> Averages {
        if !self.sums.is_empty() {
            let mean = |sums: Sums| Average {
                utilization_ppm: sums.utilization_ppm.mean(),
                memory_used_bytes: sums.memory_used_bytes.mean(),
                power_milliwatts: sums.power_milliwatts.mean(),
            };
            let devices = std::mem::take(&mut self.sums).into_iter().map(|(key, sums)| (key, mean(sums)));
            let busy = self.busy.iter().map(|(key, busy)| (*key, busy.total)).collect();
            self.last = Averages { since: self.since, until: self.until, devices: devices.collect(), busy };
        }
        self.last.clone()
    }
}
