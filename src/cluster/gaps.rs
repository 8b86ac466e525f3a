//! What is left of each device of a pool.

use std::ops::Deref;

use smallvec::SmallVec;

use super::pod::GpuDemand;
use super::units::MilliGpu;

/// Free thousandths of each device: 1000 is an untouched device, 0 one that is full or sick.
///
/// No node has more than a few dozen; of one that claims more than 1,024 only so many are looked at.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Gaps(SmallVec<[u16; 8]>);

/// How many devices are kept at most: a claim of a million must not take megabytes a node.
const MAX_DEVICES: u32 = 1024;

const WHOLE: u16 = MilliGpu::WHOLE.0 as u16;

impl Gaps {
    /// Of devices whose plugin spreads the taken units evenly (NVIDIA/k8s-device-plugin `internal/rm/allocate.go`,
    /// policy `distributed`), or gives one unit each. `healthy` and `capacity` are units.
    pub(super) fn even(healthy: u32, allocated: u32, per_device: u32, capacity: u32) -> Self {
        let devices = healthy / per_device;
        let gap = |device: u32| {
            let taken = allocated / devices + u32::from(device < allocated % devices);
            (u64::from(per_device.saturating_sub(taken)) * u64::from(WHOLE) / u64::from(per_device)) as u16
        };
        let sick = std::iter::repeat_n(0, (capacity.div_ceil(per_device) - devices) as usize);
        Self((0..devices).map(gap).chain(sick).take(MAX_DEVICES as usize).collect())
    }

    /// Of devices on which nobody has said where the pods are: each is thought to be where it fits most tightly.
    pub(super) fn tightest_first<'a>(devices: u32, demands: impl Iterator<Item = &'a GpuDemand>) -> Self {
        let mut gaps = Self(std::iter::repeat_n(WHOLE, devices.min(MAX_DEVICES) as usize).collect());
        for demand in demands {
            let devices = gaps.tightest(demand);
            gaps.take(&devices, demand.share);
        }
        gaps
    }

    /// The devices with the smallest gaps that hold the demand, fewer than it asks for where there are no more.
    #[must_use]
    pub fn tightest(&self, demand: &GpuDemand) -> Devices {
        let mut fitting: Devices =
            (0..self.0.len()).filter(|device| u64::from(self.0[*device]) >= demand.share.0).collect();
        fitting.sort_by_key(|device| self.0[*device]);
        fitting.truncate(demand.count as usize);
        fitting
    }

    /// How many devices have at least this much left.
    #[must_use]
    pub fn at_least(&self, share: MilliGpu) -> u32 {
        // Compared as they are, several at a time.
        let Ok(share) = u16::try_from(share.0) else { return 0 };
        self.0.iter().map(|gap| u32::from(*gap >= share)).sum()
    }

    /// Takes a share of each of these devices; of one that has less left, what it has.
    pub fn take(&mut self, devices: &[usize], share: MilliGpu) {
        for device in devices {
            self.0[*device] = self.0[*device].saturating_sub(share.0 as u16);
        }
    }

    /// Gives a share of each of these devices back.
    pub fn give_back(&mut self, devices: &[usize], share: MilliGpu) {
        for device in devices {
            self.0[*device] = self.0[*device].saturating_add(share.0 as u16).min(WHOLE);
        }
    }
}

impl Clone for Gaps {
    /// In one piece, where [`SmallVec`] goes number by number.
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

impl Deref for Gaps {
    type Target = [u16];

    #[inline]
    fn deref(&self) -> &[u16] {
        &self.0
    }
}

/// Devices of a pool, by their places in its [`Gaps`].
pub type Devices = SmallVec<[usize; 8]>;
