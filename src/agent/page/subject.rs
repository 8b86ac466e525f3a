//! The devices of a page, each with its labels as dcgm-exporter writes them.

use std::collections::BTreeMap;

use super::Layout;
use crate::agent::attribution::Holder;
use crate::agent::figure::Figures;
use crate::agent::reading::{GpuReading, InstanceReading, ProcessReading};
use crate::agent::text::label;
use crate::agent::view::View;
use crate::agent::window::Key;

/// A GPU, or a MIG instance of one.
pub(super) struct Subject<'a> {
    pub(super) gpu: &'a GpuReading,
    pub(super) instance: Option<&'a InstanceReading>,
    pub(super) figures: &'a Figures,
    /// With the holder's where there is one.
    pub(super) labels: String,
    /// Without a holder's.
    pub(super) device_labels: String,
    /// Each with how often it was given the device; more than one where the device is shared.
    pub(super) holders: Vec<(&'a Holder, u32)>,
    /// How often the device can be given; `None` where that is not known.
    pub(super) replicas: Option<u32>,
    /// Read lately enough to be shown.
    pub(super) is_fresh: bool,
}

/// What a pod's processes use of a device that it shares.
pub(super) struct Share {
    pub(super) labels: String,
    pub(super) bytes: u64,
    pub(super) percent: Option<u64>,
}

/// The GPUs, each before its instances.
pub(super) fn subjects<'a>(view: &'a View, layout: &Layout) -> Vec<Subject<'a>> {
    let reading = view.reading.as_deref();
    let driver = reading.and_then(|reading| reading.driver_version.as_deref());
    let gpus = reading.iter().flat_map(|reading| &reading.gpus);
    let devices = gpus.flat_map(|gpu| gpu.devices().map(move |instance| (gpu, instance)));
    devices.map(|(gpu, instance)| subject(gpu, instance, view, layout, driver)).collect()
}

fn subject<'a>(
    gpu: &'a GpuReading,
    instance: Option<&'a InstanceReading>,
    view: &'a View,
    layout: &Layout,
    driver: Option<&str>,
) -> Subject<'a> {
    let device_labels = device_labels(gpu, instance, layout, driver);
    let names = gpu.names(instance);
    let attribution = view.attribution.as_deref();
    let holders = attribution.map(|known| known.holders(&names)).unwrap_or_default();
    let replicas = attribution.and_then(|known| known.replicas(&names));
    let labels = match holders.as_slice() {
        [(holder, _)] => with_holder(&device_labels, holder),
        _ => device_labels.clone(),
    };
    let figures = gpu.figures_of(instance);
    let is_fresh = view.now.since(gpu.taken_at) <= layout.show_for;
    Subject { gpu, instance, figures, labels, device_labels, holders, replicas, is_fresh }
}

/// In the order of dcgm-exporter's template (internal/pkg/rendermetrics/render_metrics.go).
fn device_labels(
    gpu: &GpuReading,
    instance: Option<&InstanceReading>,
    layout: &Layout,
    driver: Option<&str>,
) -> String {
    let mut labels = Labels(String::with_capacity(320));
    labels.add("gpu", &gpu.index.to_string());
    if let Some(identity) = &gpu.identity {
        labels.add("UUID", &identity.uuid);
        labels.add("pci_bus_id", &identity.pci_bus_id);
        labels.add("device", &identity.device);
        labels.add("modelName", &identity.model);
    }
    if let Some(instance) = instance {
        labels.add("GPU_I_PROFILE", &instance.mig.profile);
        labels.add("GPU_I_ID", &instance.mig.id.to_string());
    }
    if !layout.node.is_empty() {
        labels.add(layout.dialect.node_label(), &layout.node);
    }
    if let Some(driver) = driver {
        labels.add(layout.dialect.driver_label(), driver);
    }
    labels.0
}

struct Labels(String);

impl Labels {
    fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        label(&mut self.0, name, value);
    }
}

/// Adds who holds the device, in the order that dcgm-exporter sorts its attributes.
pub(super) fn with_holder(labels: &str, holder: &Holder) -> String {
    let mut labels = Labels(labels.to_owned());
    labels.add("container", &holder.container);
    labels.add("namespace", &holder.namespace);
    labels.add("pod", &holder.pod);
    labels.0
}

impl<'a> Subject<'a> {
    /// The GPU's UUID, also of an instance.
    pub(super) fn uuid(&self) -> Option<&'a str> {
        self.gpu.identity.as_ref().map(|identity| &*identity.uuid)
    }

    /// Whether it is a GPU and no instance.
    pub(super) fn is_board(&self) -> bool {
        self.instance.is_none()
    }

    pub(super) fn key(&self) -> Key {
        (self.gpu.index, self.instance.map(|instance| instance.mig.id))
    }

    /// Its processes. With MIG those of the instances are the instances'.
    pub(super) fn processes(&self) -> impl Iterator<Item = &'a ProcessReading> {
        let instance = self.instance.map(|instance| instance.mig.id);
        self.gpu.processes.iter().filter(move |process| process.instance == instance)
    }

    /// What each pod uses where several share the device, as far as its processes are known.
    pub(super) fn shares(&self, view: &'a View) -> Vec<Share> {
        let (Some(attribution), 2..) = (view.attribution.as_deref(), self.holders.len()) else {
            return Vec::new();
        };
        let mut shares: BTreeMap<&Holder, (u64, Option<u64>)> = BTreeMap::new();
        for process in self.processes() {
            if let Some(owner) = attribution.container(process.pid) {
                let (bytes, percent) = shares.entry(owner).or_insert((0, None));
                *bytes += process.memory_bytes.unwrap_or_default();
                *percent = process.utilization_percent.map(u64::from).map_or(*percent, |more| {
                    // Samples of several processes overlap: their sum may exceed the whole.
                    Some((percent.unwrap_or_default() + more).min(100))
                });
            }
        }
        shares
            .into_iter()
            .map(|(owner, (bytes, percent))| Share {
                labels: with_holder(&self.device_labels, owner),
                bytes,
                percent,
            })
            .collect()
    }
}
