//! From series to devices: which value counts, where the device is, who holds it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::dialect::{Dialect, Meaning, Metric};
use super::directory::{Directory, EXPORTED, Locator, OLD, PLAIN, pod_key};
use super::evidence::{self, Evidence, Reading, Sighting};
use super::query::Plan;
use super::reading::{self, DropReason, Family};
use super::roster::in_order;
use super::series::{Labels, Series};
use crate::cluster::{Gpu, Health, MigInstance, PodKey, Samples, Source};

/// What an answer held and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Series of metrics that are read.
    pub series: usize,
    /// Series that say which GPU, but of no node that is known.
    pub unjoined_series: usize,
    /// Devices found: GPUs and MIG instances.
    pub gpus: usize,
    /// Nodes known to offer GPUs.
    pub gpu_nodes: usize,
    /// Those of them that at least one device was found on.
    pub nodes_joined: usize,
    /// Values that count for nothing, by reason.
    pub dropped: BTreeMap<DropReason, usize>,
    /// The dialects that utilizations came in.
    pub dialects: BTreeSet<Dialect>,
    /// The label that gives most series their node.
    pub node_label: Option<String>,
}

/// A device: the GPU, and the instance where it is a MIG instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key<'a> {
    pub(super) uuid: &'a str,
    pub(super) mig: Option<u32>,
}

/// Reads the devices of each node from an answer's series. Pure: the order of the series changes nothing.
///
/// * Of several utilizations of one device the best metric counts (`SM_ACTIVE`, `GR_ENGINE_ACTIVE`, `GPU_UTIL`); of
///   several series of one metric the newest, then the one without a pod (of the device and not of a pod's share in
///   it), then the highest. What is older than the newest by more than `freshFor` is a leftover and counts for nothing.
/// * A pod holds a device only where exactly one is named.
/// * A device is unhealthy where any series gives it, or the GPU it is an instance of, a fatal XID error.
/// * A device of which no series says the node is left out, and its series are counted.
#[must_use]
pub fn devices(series: &[Series<'_>], plan: &Plan, directory: &Directory<'_>) -> (Samples, Report) {
    let mut gathering = Gathering::new(series, plan, directory);
    for one in series {
        gathering.add(one);
    }
    gathering.finish()
}

struct Gathering<'a> {
    plan: &'a Plan,
    directory: &'a Directory<'a>,
    locator: Locator<'a>,
    ranks: HashMap<&'a str, usize>,
    families: Vec<Option<Family>>,
    evidence: HashMap<Key<'a>, Evidence<'a>>,
    report: Report,
}

impl<'a> Gathering<'a> {
    fn new(series: &'a [Series<'a>], plan: &'a Plan, directory: &'a Directory<'a>) -> Self {
        let ranks: HashMap<&str, usize> = plan.metrics.iter().map(|metric| metric.name).zip(0..).collect();
        let located = |one: &&Series<'_>| {
            ranks.get(one.metric.as_ref()).is_some_and(|rank| !plan.metrics[*rank].is_memory())
        };
        let locator = Locator::new(directory, &plan.node_labels, series.iter().filter(located));
        let family = |metric: &Metric| match metric.meaning {
            Meaning::Utilization(_, scale) => {
                let values = series.iter().filter(|one| one.metric == metric.name).map(|one| one.value);
                Some(Family::of(scale, values))
            }
            Meaning::Memory(..) | Meaning::LastXid => None,
        };
        let report = Report {
            gpu_nodes: directory.gpu_nodes().len(),
            node_label: locator.best_label().map(str::to_owned),
            ..Report::default()
        };
        let families = plan.metrics.iter().map(family).collect();
        Self { plan, directory, locator, ranks, families, evidence: HashMap::new(), report }
    }

    fn add(&mut self, series: &'a Series<'a>) {
        let Some(&rank) = self.ranks.get(series.metric.as_ref()) else { return };
        self.report.series += 1;
        let Some(key) = self.key(&series.labels) else { return self.drop(DropReason::NoDevice) };
        match self.plan.metrics[rank].meaning {
            Meaning::Utilization(source, _) => {
                let reading = self.utilization(series, rank, source, key);
                self.sight(series, key, reading);
            }
            Meaning::LastXid => {
                let code = self.keep(reading::xid(series.value));
                let evidence = self.evidence.entry(key).or_default();
                let fatal = code.filter(|code| self.plan.fatal_xids.contains(code));
                evidence.fatal_xid = evidence.fatal_xid.max(fatal);
                self.sight(series, key, None);
            }
            Meaning::Memory(part, unit) => {
                if let Some(amount) = self.keep(reading::memory(series.value, unit)) {
                    self.evidence.entry(key).or_default().memory.add(part, rank, amount);
                }
            }
        }
    }

    /// The device that the labels name; `None` where they do not say, or say nonsense.
    fn key(&self, labels: &'a Labels<'a>) -> Option<Key<'a>> {
        let uuid = self.plan.uuid_labels.iter().find_map(|label| labels.get(label))?;
        let mig = labels.get("GPU_I_ID").map(str::parse).transpose().ok()?;
        Some(Key { uuid, mig })
    }

    fn utilization(
        &mut self,
        series: &Series<'_>,
        rank: usize,
        source: Source,
        key: Key<'_>,
    ) -> Option<Reading> {
        if source == Source::GpuUtil && key.mig.is_some() {
            self.drop(DropReason::GpuUtilOfMig);
            return None;
        }
        let value = self.keep(reading::utilization(series.value, self.families[rank]?))?;
        let sampled_at = self.keep(series.sampled_at.ok_or(DropReason::NoSampleTime))?;
        self.report.dialects.insert(self.plan.metrics[rank].dialect);
        Some(Reading { rank, value, source, sampled_at })
    }

    fn sight(&mut self, series: &'a Series<'a>, key: Key<'a>, reading: Option<Reading>) {
        let labels = &series.labels;
        let Some(node) = self.locator.node(labels) else {
            self.report.unjoined_series += 1;
            return;
        };
        let holder = self.holder(labels);
        let sighting = Sighting { labels, node, holder, sampled_at: series.sampled_at, reading };
        self.evidence.entry(key).or_default().sightings.push(sighting);
    }

    /// The pod that uses the device. A plain `pod` label may name the exporter's own pod, which asks for no GPU, so it
    /// counts only where a pod is known that does.
    fn holder(&self, labels: &Labels<'_>) -> Option<PodKey> {
        if labels.get(EXPORTED.0).is_some() {
            return pod_key(labels, EXPORTED);
        }
        let plain =
            || pod_key(labels, PLAIN).filter(|key| self.directory.pod(key).is_some_and(|pod| pod.wants_gpus));
        pod_key(labels, OLD).or_else(plain)
    }

    fn keep<T>(&mut self, value: Result<T, DropReason>) -> Option<T> {
        value.map_err(|reason| self.drop(reason)).ok()
    }

    fn drop(&mut self, reason: DropReason) {
        *self.report.dropped.entry(reason).or_default() += 1;
    }

    fn finish(mut self) -> (Samples, Report) {
        let mut evidence = std::mem::take(&mut self.evidence);
        let fatal: HashMap<&str, u32> = evidence
            .iter()
            .filter(|(key, _)| key.mig.is_none())
            .filter_map(|(key, evidence)| Some((key.uuid, evidence.fatal_xid?)))
            .collect();
        let mut by_node: HashMap<Arc<str>, Vec<Gpu>> = HashMap::new();
        let mut models = HashSet::new();
        for (key, evidence) in &mut evidence {
            // What is fatal to a GPU is fatal to its instances.
            evidence.fatal_xid = evidence.fatal_xid.or_else(|| fatal.get(key.uuid).copied());
            if let Some((node, gpu)) = self.device(*key, evidence, &mut models) {
                by_node.entry(node).or_default().push(gpu);
            }
        }
        self.report.gpus = by_node.values().map(Vec::len).sum();
        self.report.nodes_joined =
            by_node.keys().filter(|node| self.directory.gpu_nodes().contains(*node)).count();
        (by_node.into_iter().map(|(node, gpus)| (node, in_order(gpus))).collect(), self.report)
    }

    /// The device that the evidence speaks of, and its node; `None` where it does not say which node.
    fn device(
        &mut self,
        key: Key<'_>,
        found: &Evidence<'_>,
        models: &mut HashSet<Arc<str>>,
    ) -> Option<(Arc<str>, Gpu)> {
        let live = found.live(self.plan.fresh_for);
        let best = live.first()?;
        let label = |name: &str| live.iter().find_map(|sighting| sighting.labels.get(name));
        let mig = match key.mig {
            None => None,
            Some(id) => {
                let profile = label("GPU_I_PROFILE").map(Arc::from).ok_or(DropReason::NoDevice);
                Some(MigInstance { id, profile: self.keep(profile)? })
            }
        };
        let memory = self.keep(found.memory.sum()).unwrap_or_default();
        let gpu = Gpu {
            uuid: key.uuid.into(),
            index: label("gpu").and_then(|index| index.parse().ok()),
            mig,
            model: label("modelName").map(|model| shared(models, model)),
            utilization: best.reading.map(Reading::utilization),
            memory_used: memory.used,
            memory_total: memory.total,
            health: found.fatal_xid.map_or(Health::Healthy, Health::FatalXid),
            holder: evidence::holder(&live),
        };
        Some((best.node.clone(), gpu))
    }
}

/// The name as a string that all devices of the model share.
fn shared(names: &mut HashSet<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = names.get(name) {
        return known.clone();
    }
    let name = Arc::from(name);
    names.insert(Arc::clone(&name));
    name
}
