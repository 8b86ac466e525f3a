//! Whose a device and a process are, as far as it is known: what the text joins with a reading.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A container that was given a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holder {
    /// The pod's namespace.
    pub namespace: Arc<str>,
    /// The pod's name.
    pub pod: Arc<str>,
    /// The container's name.
    pub container: Arc<str>,
}

/// Which pods hold which devices, and which pod each process is of. Pure: where it comes from is the edge's matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    devices: BTreeMap<Arc<str>, Vec<Holder>>,
    processes: BTreeMap<u32, Holder>,
}

impl Attribution {
    /// The device of this UUID (a GPU's, or a MIG device's) was given to a container; several where it is shared.
    #[must_use]
    pub fn device(mut self, uuid: &str, holder: Holder) -> Self {
        let holders = self.devices.entry(uuid.into()).or_default();
        if let Err(place) = holders.binary_search(&holder) {
            holders.insert(place, holder);
        }
        self
    }

    /// The process of this number on the host runs in a container.
    #[must_use]
    pub fn process(mut self, pid: u32, holder: Holder) -> Self {
        self.processes.insert(pid, holder);
        self
    }

    /// Who holds any of these devices, in order.
    #[must_use]
    pub fn holders<'a>(&'a self, uuids: impl IntoIterator<Item = &'a Arc<str>>) -> Vec<&'a Holder> {
        let mut holders: Vec<&Holder> =
            uuids.into_iter().filter_map(|uuid| self.devices.get(uuid)).flatten().collect();
        holders.sort_unstable();
        holders.dedup();
        holders
    }

    /// The container that the process runs in.
    #[must_use]
    pub fn owner(&self, pid: u32) -> Option<&Holder> {
        self.processes.get(&pid)
    }
}
