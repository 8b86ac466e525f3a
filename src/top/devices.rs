//! The rows of the lists: devices and processes, joined with whose they are.

use std::cmp::Reverse;
use std::time::Duration;

use super::state::{Order, State};
use crate::agent::{Figures, GpuReading, Holder, InstanceReading, ProcessReading};

/// A device: the GPU's index, and the instance's number with MIG.
pub(super) type Key = (u32, Option<u32>);

/// A GPU, or a MIG instance of one.
pub(super) struct Device<'a> {
    pub(super) gpu: &'a GpuReading,
    pub(super) instance: Option<&'a InstanceReading>,
    /// The pods' containers that were given it.
    pub(super) holders: Vec<&'a Holder>,
    /// Since the GPU was read; `None` where it never was.
    pub(super) age: Option<Duration>,
    /// Whether its figures say something of now.
    pub(super) is_fresh: bool,
}

/// A process on a device.
pub(super) struct Occupant<'a> {
    pub(super) device: String,
    pub(super) key: Key,
    pub(super) process: &'a ProcessReading,
    pub(super) owner: Option<&'a Holder>,
}

impl<'a> Device<'a> {
    pub(super) fn key(&self) -> Key {
        (self.gpu.index, self.instance.map(|instance| instance.mig.id))
    }

    /// `0` for a GPU, `0/1` for an instance.
    pub(super) fn name(&self) -> String {
        name(self.key())
    }

    /// The product without the maker's name, or the instance's profile.
    pub(super) fn model(&self) -> &'a str {
        match (self.instance, &self.gpu.identity) {
            (Some(instance), _) => &instance.mig.profile,
            (None, Some(identity)) => identity.model.trim_start_matches("NVIDIA "),
            (None, None) => "",
        }
    }

    pub(super) fn figures(&self) -> &'a Figures {
        self.gpu.figures_of(self.instance)
    }

    /// What is the matter, in a word or two, where its figures say nothing of now.
    pub(super) fn condition(&self) -> Option<String> {
        match (&self.gpu.fault, self.age) {
            (Some(fault), _) => Some(fault.name().to_owned()),
            (None, _) if self.is_fresh => None,
            (None, Some(age)) => Some(format!("{} s old", age.as_secs())),
            (None, None) => Some("not read".to_owned()),
        }
    }

    /// The pods, as one text.
    pub(super) fn pods(&self) -> String {
        let mut pods: Vec<String> = self.holders.iter().map(|holder| pod(holder)).collect();
        pods.dedup();
        pods.join(" ")
    }

    fn uuid(&self) -> &str {
        self.gpu.identity.as_ref().map_or("", |identity| &identity.uuid)
    }
}

impl Occupant<'_> {
    /// Its pod; what belongs to none is named where that is known.
    pub(super) fn pod(&self, state: &State) -> String {
        match self.owner {
            Some(owner) => pod(owner),
            None if state.is_outside(self.process.pid) => "outside Kubernetes".to_owned(),
            None => String::new(),
        }
    }
}

fn name(key: Key) -> String {
    match key {
        (gpu, None) => gpu.to_string(),
        (gpu, Some(instance)) => format!("{gpu}/{instance}"),
    }
}

fn pod(holder: &Holder) -> String {
    format!("{}/{}", holder.namespace, holder.pod)
}

impl State {
    /// All devices, each GPU before its instances.
    pub(super) fn all_devices(&self) -> Vec<Device<'_>> {
        let gpus = self.reading().into_iter().flat_map(|reading| &reading.gpus);
        gpus.flat_map(|gpu| gpu.devices().map(|instance| self.device(gpu, instance))).collect()
    }

    fn device<'a>(&'a self, gpu: &'a GpuReading, instance: Option<&'a InstanceReading>) -> Device<'a> {
        let age = (gpu.taken_at.0 > 0).then(|| self.agents_now().since(gpu.taken_at));
        let is_fresh = gpu.fault.is_none() && age.is_some_and(|age| age <= self.show_for());
        let held = self.attribution().map(|known| known.holders(&gpu.names(instance))).unwrap_or_default();
        let holders = held.into_iter().map(|(holder, _)| holder).collect();
        Device { gpu, instance, holders, age, is_fresh }
    }

    /// Those that the filter lets through.
    pub(super) fn devices(&self) -> Vec<Device<'_>> {
        let mut devices = self.all_devices();
        devices.retain(|device| {
            let condition = device.condition().unwrap_or_default();
            self.matches([device.name().as_str(), device.model(), device.uuid(), &device.pods(), &condition])
        });
        devices
    }

    /// The processes on devices that are read, filtered and in the chosen order.
    pub(super) fn occupants(&self) -> Vec<Occupant<'_>> {
        let boards =
            self.all_devices().into_iter().filter(|device| device.instance.is_none() && device.is_fresh);
        let mut occupants: Vec<Occupant<'_>> = boards
            .flat_map(|device| device.gpu.processes.iter().map(move |process| (device.gpu.index, process)))
            .map(|(gpu, process)| Occupant {
                device: name((gpu, process.instance)),
                key: (gpu, process.instance),
                process,
                owner: self.attribution().and_then(|known| known.container(process.pid)),
            })
            .filter(|occupant| {
                let pid = occupant.process.pid.to_string();
                self.matches([occupant.device.as_str(), &pid, &occupant.pod(self)])
            })
            .collect();
        // A stable order first: those that are equal by the chosen one do not jump about.
        occupants.sort_by_key(|occupant| (occupant.key, occupant.process.pid));
        match self.order {
            Order::Device => {}
            Order::Busy => occupants.sort_by_key(|occupant| Reverse(occupant.process.utilization_percent)),
            Order::Memory => occupants.sort_by_key(|occupant| Reverse(occupant.process.memory_bytes)),
            Order::Pod => occupants.sort_by_key(|occupant| (occupant.owner.is_none(), occupant.owner)),
        }
        occupants
    }

    fn matches<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let wanted = self.filter.to_lowercase();
        texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
    }
}
