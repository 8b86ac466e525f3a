//! One GPU resource of a node: its units, and how busy the devices behind them are.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::gaps::{Devices, Gaps};
use super::gpu::{Gpu, Health, Source};
use super::pod::{GpuDemand, PodRequest};
use super::units::{MilliGpu, PerMille, Timestamp};

/// One GPU resource of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolFacts {
    /// The resource name, such as `nvidia.com/gpu`.
    pub resource: Arc<str>,
    /// What one unit of it is.
    pub kind: PoolKind,
    /// Units the node has.
    pub capacity: u32,
    /// Units that pods may be given: less than the capacity where the device plugin took some back.
    pub allocatable: u32,
}

/// What one unit of a GPU resource is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PoolKind {
    /// A whole GPU.
    Whole,
    /// One of several equal shares of a GPU (time-slicing, MPS).
    Shared {
        /// Shares of one GPU.
        replicas: u32,
    },
    /// A MIG instance.
    Mig {
        /// Its profile, such as `1g.10gb`.
        profile: Arc<str>,
    },
    /// A thousandth of a GPU, of which a pod may have any share, on the device that the scheduler chooses. No device
    /// plugin offers it: it is what traces and plans of shared GPUs speak of.
    Divisible,
}

impl PoolKind {
    /// Units that one device is counted as.
    #[must_use]
    pub fn units_per_device(&self) -> u32 {
        match self {
            Self::Shared { replicas } => (*replicas).max(1),
            Self::Whole | Self::Mig { .. } => 1,
            Self::Divisible => MilliGpu::WHOLE.0 as u32,
        }
    }

    /// What one of the demand's units takes of a device of such a pool; a MIG instance is a device of its own.
    #[must_use]
    pub fn share(&self, demand: &GpuDemand) -> MilliGpu {
        let whole = MilliGpu::WHOLE.0;
        match self {
            Self::Divisible => MilliGpu(demand.share.0.min(whole)),
            Self::Whole | Self::Shared { .. } | Self::Mig { .. } => {
                MilliGpu((whole / u64::from(self.units_per_device())).max(1))
            }
        }
    }

    /// Units of such a pool that the demand takes.
    #[must_use]
    pub fn units(&self, demand: &GpuDemand) -> u32 {
        match self {
            Self::Divisible => demand.count.saturating_mul(demand.share.0 as u32),
            Self::Whole | Self::Shared { .. } | Self::Mig { .. } => demand.count,
        }
    }
}

/// One GPU resource of a node, with what is taken of it and how busy its devices are.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Units bound to pods.
    pub allocated: u32,
    /// Units that must not be given out, because the device plugin took them back or the device is unhealthy.
    pub unhealthy: u32,
    /// How busy the devices are, where any was measured.
    pub load: Option<Load>,
    /// What is left of each device.
    pub gaps: Gaps,
}

/// How busy a pool's devices are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Mean over the devices that the device plugin could give to the next pod.
    pub offered: PerMille,
    /// Mean over all healthy devices of the pool.
    pub all: PerMille,
    /// Share of the healthy devices that were measured.
    pub coverage: PerMille,
    /// Mean time of the samples.
    pub sampled_at: Timestamp,
    /// The weakest metric among them.
    pub source: Source,
    /// How it is known which devices are on offer.
    pub basis: LoadBasis,
}

/// How it is known which devices the device plugin could give to the next pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LoadBasis {
    /// The exporter names the pod on each taken device.
    Holders,
    /// Only the number of taken units is known: the busiest devices are assumed to be the taken ones.
    Counts,
}

impl Pool {
    /// The pool as the pods on its node and the measurements of its devices leave it.
    pub(super) fn assemble<'a>(
        facts: &PoolFacts,
        bound: impl Iterator<Item = &'a PodRequest> + Clone,
        gpus: &[Gpu],
    ) -> Self {
        let units = demands(bound.clone(), facts).map(|demand| facts.kind.units(demand));
        let allocated = units.fold(0, u32::saturating_add);
        let per_device = facts.kind.units_per_device();
        let devices: Vec<&Gpu> = gpus.iter().filter(|gpu| backs(facts, gpu, gpus)).collect();
        let sick = devices.iter().filter(|gpu| gpu.health != Health::Healthy).count() as u32;
        let withdrawn = facts.capacity.saturating_sub(facts.allocatable);
        let load = Load::of(&devices, allocated, facts);
        let unhealthy = withdrawn.max(sick.saturating_mul(per_device)).min(facts.capacity);
        let gaps = match facts.kind {
            PoolKind::Divisible => Gaps::tightest_first(facts.capacity / per_device, demands(bound, facts)),
            _ => Gaps::default(),
        };
        let mut pool = Self { allocated, unhealthy, load, gaps };
        pool.spread(facts);
        pool
    }

    /// Binds a demand: of a divisible pool on these devices, or the tightest where none are named. Returns which; none
    /// of a pool whose devices the device plugin chooses.
    pub(super) fn take(&mut self, facts: &PoolFacts, demand: &GpuDemand, devices: &[usize]) -> Devices {
        self.allocated = self.allocated.saturating_add(facts.kind.units(demand));
        if facts.kind != PoolKind::Divisible {
            self.spread(facts);
            return Devices::new();
        }
        let devices = if devices.is_empty() { self.gaps.tightest(demand) } else { devices.into() };
        self.gaps.take(&devices, demand.share);
        devices
    }

    /// Lets a demand go that was bound to these devices.
    pub(super) fn give_back(&mut self, facts: &PoolFacts, demand: &GpuDemand, devices: &[usize]) {
        self.allocated = self.allocated.saturating_sub(facts.kind.units(demand));
        match facts.kind {
            PoolKind::Divisible => self.gaps.give_back(devices, demand.share),
            _ => self.spread(facts),
        }
    }

    /// What is left of each device where the device plugin chooses it: a matter of counts.
    fn spread(&mut self, facts: &PoolFacts) {
        if facts.kind != PoolKind::Divisible {
            let (healthy, per_device) = (facts.capacity - self.unhealthy, facts.kind.units_per_device());
            self.gaps = Gaps::even(healthy, self.allocated, per_device, facts.capacity);
        }
    }

    /// Units that another pod could be given: what is neither bound nor unhealthy.
    #[must_use]
    pub fn free(&self, facts: &PoolFacts) -> u32 {
        facts.capacity.saturating_sub(self.unhealthy).saturating_sub(self.allocated)
    }
}

/// What the pods ask of `pool`.
fn demands<'a>(
    pods: impl Iterator<Item = &'a PodRequest>,
    pool: &PoolFacts,
) -> impl Iterator<Item = &'a GpuDemand> {
    pods.flat_map(|pod| &pod.gpus).filter(move |demand| demand.resource == pool.resource)
}

/// Whether the measured device is one that the pool gives out.
fn backs(pool: &PoolFacts, gpu: &Gpu, all: &[Gpu]) -> bool {
    match (&pool.kind, &gpu.mig) {
        (PoolKind::Mig { profile }, Some(mig)) => mig.profile == *profile,
        (PoolKind::Mig { .. }, None) => false,
        // NVIDIA's MIG strategy `single` offers instances under the whole GPU's name.
        (PoolKind::Whole | PoolKind::Shared { .. } | PoolKind::Divisible, Some(_)) => true,
        // The parent of MIG instances is itself nothing that a pod could be given.
        (PoolKind::Whole | PoolKind::Shared { .. } | PoolKind::Divisible, None) => {
            !all.iter().any(|other| other.uuid == gpu.uuid && other.mig.is_some())
        }
    }
}

impl Load {
    /// Sums up the devices' measurements; `None` where there is none.
    ///
    /// The device plugin gives a whole GPU that is free, or a share of a GPU with the fewest shares taken
    /// (NVIDIA/k8s-device-plugin `internal/rm/allocate.go`, policy `distributed`). So of `n` devices with `k` units
    /// taken evenly, `n - k mod n` are on offer.
    fn of(devices: &[&Gpu], allocated: u32, pool: &PoolFacts) -> Option<Self> {
        let healthy: Vec<&Gpu> =
            devices.iter().copied().filter(|gpu| gpu.health == Health::Healthy).collect();
        let measured: Vec<(&Gpu, PerMille)> =
            healthy.iter().filter_map(|gpu| Some((*gpu, gpu.utilization?.value))).collect();
        let samples = || measured.iter().filter_map(|(gpu, _)| gpu.utilization);
        let count = measured.len() as u64;
        if count == 0 {
            return None;
        }
        let all: Vec<PerMille> = measured.iter().map(|(_, value)| *value).collect();
        let held = healthy.iter().filter(|gpu| gpu.holder.is_some()).count() as u32;
        let by_holder = pool.kind == PoolKind::Whole && held == allocated && allocated > 0;
        let offered: Vec<PerMille> = match by_holder {
            true => {
                measured.iter().filter(|(gpu, _)| gpu.holder.is_none()).map(|(_, value)| *value).collect()
            }
            false => least_busy(all.clone(), allocated),
        };
        let expected = healthy.len().max((pool.allocatable / pool.kind.units_per_device()) as usize);
        let offered = if offered.is_empty() { mean(&all) } else { mean(&offered) };
        Some(Self {
            offered,
            all: mean(&all),
            coverage: PerMille::from_ratio(count as f64 / expected as f64)?,
            sampled_at: Timestamp(samples().map(|sample| sample.sampled_at.0 / count).sum()),
            source: samples().map(|sample| sample.source).max()?,
            basis: if by_holder { LoadBasis::Holders } else { LoadBasis::Counts },
        })
    }
}

/// The values of the devices on offer where only the number of taken units is known.
fn least_busy(mut values: Vec<PerMille>, allocated: u32) -> Vec<PerMille> {
    values.sort_unstable();
    values.truncate(values.len() - allocated as usize % values.len());
    values
}

fn mean(values: &[PerMille]) -> PerMille {
    let sum: u32 = values.iter().map(|value| u32::from(value.get())).sum();
    PerMille::new((sum / values.len().max(1) as u32) as u16)
}
