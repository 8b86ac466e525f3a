//! From an answer to devices: which value counts, where the device is, who holds it.

use std::io::Read;
use std::sync::Arc;

use super::answer::{self, AnswerError};
use super::by_node::ByNode;
use super::dialect::Meaning;
use super::directory::{Directory, Locator};
use super::evidence::{self, Reading, Sighting};
use super::gathering::{Gathering, Value};
use super::inventory::{DeviceId, Inventory};
use super::labels::Labels;
use super::places::Places;
use super::query::Plan;
use super::reading::{self, DropReason, Family};
use super::report::Report;
use super::times::{Asked, SampleTimes};
use crate::cluster::{Gpu, Health, MigInstance, Samples, Source, Timestamp};

/// Reads the devices of each node from an answer to [`Plan::query`], as it arrives. Pure: the order of the series
/// changes nothing.
///
/// * Of several utilizations of one device the best metric counts (`SM_ACTIVE`, `GR_ENGINE_ACTIVE`, `GPU_UTIL`); of
///   several series of one metric the newest, then the one without a pod (of the device and not of a pod's share in
///   it), then the highest. What is older than the newest by more than `freshFor` is a leftover and counts for nothing.
/// * A pod holds a device only where exactly one is named.
/// * A device is unhealthy where any series gives it, or the GPU it is an instance of, a fatal XID error: as the last, or
///   among those that are counted.
/// * A device of which no series says the node is left out, and its series are counted.
///
/// # Errors
/// Says what Prometheus refuses, or where the answer is none.
pub fn devices(
    answer: impl Read,
    plan: &Plan,
    directory: &Directory<'_>,
    asked: Asked,
) -> Result<(Samples, Report), AnswerError> {
    let mut gathering = Gathering::new(plan, directory);
    answer::read(answer, Labels::new(plan), |row| gathering.add(&row))?;
    let families = gathering.families();
    let Gathering { locator, places, inventory, times, mut values, mut report, .. } = gathering;
    let times = times.settle(asked);
    report.clock_ahead_seconds = times.clock_ahead_seconds;
    report.node_label = locator.best_label().map(str::to_owned);

    let device = |value: &Value| places.get(value.place).device;
    values.sort_unstable_by_key(|value| (device(value), value.place, value.metric));
    let mut judge = Judge { plan, locator, places: &places, inventory, times, families, report };
    let mut found = ByNode::default();
    for values in values.chunk_by(|one, next| device(one) == device(next)) {
        if let Some((node, gpu)) = device(&values[0]).and_then(|id| judge.device(id, values)) {
            found.add(node, gpu);
        }
    }
    let (samples, mut report) = (found.finish(), judge.report);
    report.gpus = samples.values().map(|gpus| gpus.len()).sum();
    report.nodes_joined = samples.keys().filter(|node| directory.gpu_nodes().contains(*node)).count();
    Ok((samples, report))
}

/// Makes devices of what an answer holds.
struct Judge<'a> {
    plan: &'a Plan,
    locator: Locator<'a>,
    places: &'a Places<'a>,
    inventory: Inventory,
    times: SampleTimes,
    families: Vec<Option<Family>>,
    report: Report,
}

impl<'a> Judge<'a> {
    /// The device that the values speak of, and its node; `None` where they do not say which node.
    fn device(&mut self, id: DeviceId, values: &[Value]) -> Option<(&'a Arc<str>, Gpu)> {
        let sightings = values.iter().filter_map(|value| self.sight(id, value)).collect();
        let live = evidence::live(sightings, self.plan.fresh_for);
        let best = live.first()?;
        let key = self.inventory.key(id);
        let mig = match key.mig {
            None => None,
            Some(id) => {
                let profile = live.iter().find_map(|sighting| sighting.face.mig_profile.clone());
                Some(MigInstance { id, profile: self.report.keep(profile.ok_or(DropReason::NoDevice))? })
            }
        };
        let memory = self.report.keep(self.inventory.get(id).memory.sum()).unwrap_or_default();
        let gpu = Gpu {
            uuid: key.uuid.clone(),
            index: live.iter().find_map(|sighting| sighting.face.index),
            mig,
            model: live.iter().find_map(|sighting| sighting.face.model.clone()),
            utilization: best.reading.map(Reading::utilization),
            memory_used: memory.used,
            memory_total: memory.total,
            health: self.inventory.fatal_xid(id).map_or(Health::Healthy, |xid| Health::FatalXid(xid.into())),
            holder: evidence::holder(&live),
        };
        Some((best.node, gpu))
    }

    fn sight(&mut self, id: DeviceId, value: &Value) -> Option<Sighting<'a>> {
        let place = self.places.get(value.place);
        let sampled_at = self.times.get(value.place, value.metric);
        let reading = match self.plan.metrics[usize::from(value.metric)].meaning {
            Meaning::Utilization(source, _) => self.utilization(id, value, source, sampled_at),
            Meaning::Memory(..) | Meaning::LastXid | Meaning::XidCount => None,
        };
        let Some(node) = self.locator.node(self.places.whereabouts(place)) else {
            self.report.unjoined_series += 1;
            return None;
        };
        let face = self.places.face(place);
        Some(Sighting { node, face, holder: place.holder.as_ref(), sampled_at, reading })
    }

    fn utilization(
        &mut self,
        id: DeviceId,
        value: &Value,
        source: Source,
        sampled_at: Option<Timestamp>,
    ) -> Option<Reading> {
        if source == Source::GpuUtil && self.inventory.key(id).mig.is_some() {
            self.report.drop(DropReason::GpuUtilOfMig);
            return None;
        }
        let rank = usize::from(value.metric);
        let ratio = self.report.keep(reading::utilization(value.value, self.families[rank]?))?;
        let sampled_at = self.report.keep(sampled_at.ok_or(DropReason::NoSampleTime))?;
        self.report.dialects.extend(self.plan.metrics[rank].dialect);
        Some(Reading { rank: value.metric, value: ratio, source, sampled_at })
    }
}
