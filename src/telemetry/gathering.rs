//! What is kept of an answer while it arrives.

use std::collections::HashMap;

use super::answer::Row;
use super::dialect::{Meaning, Metric, Rank, XID_LABEL};
use super::directory::{Directory, Locator};
use super::inventory::{DeviceId, Inventory};
use super::labels::Subject;
use super::places::{PlaceId, Places};
use super::query::Plan;
use super::reading::{self, DropReason, Family, Spread};
use super::report::Report;
use super::times::Times;

/// What is kept of an answer: what only the whole of it decides stays as it came.
pub(super) struct Gathering<'a> {
    plan: &'a Plan,
    ranks: HashMap<&'a str, Rank>,
    pub(super) locator: Locator<'a>,
    pub(super) places: Places<'a>,
    pub(super) inventory: Inventory,
    pub(super) times: Times,
    pub(super) values: Vec<Value>,
    /// Of the values of each metric.
    spreads: Vec<Spread>,
    pub(super) report: Report,
}

/// A series that says where a device is.
pub(super) struct Value {
    pub(super) place: PlaceId,
    pub(super) metric: Rank,
    pub(super) value: f64,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(plan: &'a Plan, directory: &'a Directory<'a>) -> Self {
        let inventory = Inventory::of(directory.known());
        // Room at once for what dcgm-exporter's default metrics say of the devices that are known: room that grows
        // leaves holes behind.
        let devices = inventory.len();
        Self {
            plan,
            ranks: plan.metrics.iter().map(|metric| metric.name).zip(0..).collect(),
            locator: Locator::new(&plan.node_labels),
            places: Places::new(plan, directory, devices),
            inventory,
            times: Times::with_capacity(2 * devices),
            values: Vec::with_capacity(3 * devices),
            spreads: vec![Spread::default(); plan.metrics.len()],
            report: Report { gpu_nodes: directory.gpu_nodes().len(), ..Report::default() },
        }
    }

    pub(super) fn add(&mut self, row: &Row<'_>) {
        self.times.evaluated(row.evaluated_at);
        let rank = |metric| self.ranks.get(metric).copied();
        match row.labels.subject() {
            Some(Subject::SampleTime(of)) => {
                if let Some(metric) = rank(of) {
                    let place = self.places.find(row.labels, &mut self.inventory);
                    self.times.add(place, metric, row.value);
                }
            }
            Some(Subject::Value(of)) => {
                if let Some(metric) = rank(of) {
                    self.report.series += 1;
                    self.add_value(metric, row);
                }
            }
            None => {}
        }
    }

    /// The scale of each metric's values, where they have one.
    pub(super) fn families(&self) -> Vec<Option<Family>> {
        let family = |(metric, spread): (&Metric, &Spread)| match metric.meaning {
            Meaning::Utilization(_, scale) => Some(spread.family(scale)),
            Meaning::Memory(..) | Meaning::LastXid | Meaning::XidCount => None,
        };
        self.plan.metrics.iter().zip(&self.spreads).map(family).collect()
    }

    fn add_value(&mut self, metric: Rank, row: &Row<'_>) {
        match self.plan.metrics[usize::from(metric)].meaning {
            Meaning::Memory(part, unit) => {
                let Some(device) = self.device(row) else { return };
                if let Some(amount) = self.report.keep(reading::memory(row.value, unit)) {
                    self.inventory.get_mut(device).memory.add(part, metric, amount);
                }
            }
            Meaning::XidCount => {
                let Some(device) = self.device(row) else { return };
                let code = row.labels.get(XID_LABEL).and_then(|code| code.parse().ok());
                let code = self.report.keep(code.ok_or(DropReason::NotANumber));
                if let Some(code) = code.filter(|_| row.value > 0.0) {
                    self.add_xid(device, code);
                }
            }
            Meaning::Utilization(..) => {
                self.add_located(metric, row);
            }
            Meaning::LastXid => {
                let Some(device) = self.add_located(metric, row) else { return };
                if let Some(code) = self.report.keep(reading::xid(row.value)) {
                    self.add_xid(device, code);
                }
            }
        }
    }

    /// The device of a series that need not say where it is.
    fn device(&mut self, row: &Row<'_>) -> Option<DeviceId> {
        let device = self.inventory.find(row.labels, &self.plan.uuid_labels);
        self.report.keep(device.ok_or(DropReason::NoDevice))
    }

    /// Keeps a series that says where its device is.
    fn add_located(&mut self, metric: Rank, row: &Row<'_>) -> Option<DeviceId> {
        let place = self.places.find(row.labels, &mut self.inventory);
        self.spreads[usize::from(metric)].add(row.value);
        self.locator.count(self.places.whereabouts(self.places.get(place)));
        let device = self.report.keep(self.places.get(place).device.ok_or(DropReason::NoDevice))?;
        self.values.push(Value { place, metric, value: row.value });
        Some(device)
    }

    fn add_xid(&mut self, device: DeviceId, code: u16) {
        if self.plan.fatal_xids.contains(&code.into()) {
            let known = &mut self.inventory.get_mut(device).fatal_xid;
            *known = (*known).max(Some(code));
        }
    }
}
