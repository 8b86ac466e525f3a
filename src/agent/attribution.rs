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
///
/// A device is named by its UUID (a GPU's, or a MIG device's) or, as GKE does, by its file: `nvidia0`, `nvidia0/gi1`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// By device who holds it, in order, and how often.
    devices: BTreeMap<Arc<str>, Vec<(Holder, u32)>>,
    replicas: BTreeMap<Arc<str>, u32>,
    processes: BTreeMap<u32, Owner>,
}

/// Whose a process is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Owner {
    /// A container's.
    Container(Holder),
    /// Nobody's in Kubernetes.
    Outside,
}

impl Attribution {
    /// The device was given to a container; each time once more where it is given several times.
    #[must_use]
    pub fn device(mut self, name: &str, holder: Holder) -> Self {
        let holders = self.devices.entry(name.into()).or_default();
        match holders.binary_search_by(|(known, _)| known.cmp(&holder)) {
            Ok(place) => holders[place].1 += 1,
            Err(place) => holders.insert(place, (holder, 1)),
        }
        self
    }

    /// The device can be given, given or not; each time once more where it can be given several times.
    #[must_use]
    pub fn replica(mut self, name: &str) -> Self {
        *self.replicas.entry(name.into()).or_default() += 1;
        self
    }

    /// The process of this number on the host runs in a container.
    #[must_use]
    pub fn process(mut self, pid: u32, holder: Holder) -> Self {
        self.processes.insert(pid, Owner::Container(holder));
        self
    }

    /// The process of this number on the host runs in no pod. Of one that neither was said of it is not known.
    #[must_use]
    pub fn outsider(mut self, pid: u32) -> Self {
        self.processes.insert(pid, Owner::Outside);
        self
    }

    /// Who holds any of these devices, and how often, in order.
    #[must_use]
    pub fn holders<'a>(&'a self, names: &[impl AsRef<str>]) -> Vec<(&'a Holder, u32)> {
        let mut holders: BTreeMap<&Holder, u32> = BTreeMap::new();
        for (holder, count) in names.iter().filter_map(|name| self.devices.get(name.as_ref())).flatten() {
            *holders.entry(holder).or_default() += count;
        }
        holders.into_iter().collect()
    }

    /// How often any of these devices can be given; `None` where that is not known.
    pub(super) fn replicas(&self, names: &[impl AsRef<str>]) -> Option<u32> {
        let known = || names.iter().filter_map(|name| self.replicas.get(name.as_ref())).sum();
        (!self.replicas.is_empty()).then(known)
    }

    /// Whose the process is; `None` where that is not known.
    pub(super) fn owner(&self, pid: u32) -> Option<&Owner> {
        self.processes.get(&pid)
    }

    /// Whether the process is known to run in no pod.
    #[must_use]
    pub fn is_outside(&self, pid: u32) -> bool {
        self.owner(pid) == Some(&Owner::Outside)
    }

    /// The container that the process runs in.
    #[must_use]
    pub fn container(&self, pid: u32) -> Option<&Holder> {
        match self.owner(pid)? {
            Owner::Container(holder) => Some(holder),
            Owner::Outside => None,
        }
    }
}
