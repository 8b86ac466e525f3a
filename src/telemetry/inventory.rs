//! The devices that an answer names, and what is known of each whatever else the answer holds.

use std::sync::Arc;

use indexmap::{Equivalent, IndexSet};

use super::labels::Labels;
use super::memory::MemoryParts;
use crate::cluster::{Gpu, Snapshot};

/// Numbers the devices of an answer.
pub(super) type DeviceId = u32;

/// A device: the GPU, and the instance where it is a MIG instance.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) uuid: Arc<str>,
    pub(super) mig: Option<u32>,
}

/// The same, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct KeyRef<'a> {
    uuid: &'a str,
    mig: Option<u32>,
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self == KeyRef { uuid: &key.uuid, mig: key.mig }
    }
}

/// What is known of a device at once.
#[derive(Debug, Default)]
pub(super) struct Device {
    pub(super) memory: MemoryParts,
    pub(super) fatal_xid: Option<u16>,
}

/// The devices of an answer.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    keys: IndexSet<Key>,
    /// As many, in the same order.
    devices: Vec<Device>,
}

impl Inventory {
    /// Begins with the devices that are known, so that their names are not held twice. One that the answer does not name
    /// is not found on any node.
    pub(super) fn of(known: Snapshot) -> Self {
        let devices = known.nodes().flat_map(|node| node.gpus());
        let key = |gpu: &Gpu| Key { uuid: gpu.uuid.clone(), mig: gpu.mig.as_ref().map(|mig| mig.id) };
        let keys: IndexSet<Key> = devices.map(key).collect();
        Self { devices: keys.iter().map(|_| Device::default()).collect(), keys }
    }

    /// The device that the labels name; `None` where they do not say, or say nonsense.
    pub(super) fn find(&mut self, labels: &Labels, uuid_labels: &[String]) -> Option<DeviceId> {
        let uuid = uuid_labels.iter().find_map(|label| labels.get(label))?;
        let mig = labels.get("GPU_I_ID").map(str::parse).transpose().ok()?;
        if let Some(known) = self.keys.get_index_of(&KeyRef { uuid, mig }) {
            return Some(known as DeviceId);
        }
        self.devices.push(Device::default());
        Some(self.keys.insert_full(Key { uuid: uuid.into(), mig }).0 as DeviceId)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn key(&self, id: DeviceId) -> &Key {
        &self.keys[id as usize]
    }

    pub(super) fn get(&self, id: DeviceId) -> &Device {
        &self.devices[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: DeviceId) -> &mut Device {
        &mut self.devices[id as usize]
    }

    /// The fatal XID error of the device, or of the GPU that it is an instance of: what is fatal to a GPU is fatal to
    /// its instances.
    pub(super) fn fatal_xid(&self, id: DeviceId) -> Option<u16> {
        let gpu = KeyRef { uuid: &self.key(id).uuid, mig: None };
        let of_gpu = || self.devices[self.keys.get_index_of(&gpu)?].fatal_xid;
        self.get(id).fatal_xid.or_else(of_gpu)
    }
}
