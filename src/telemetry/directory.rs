//! Which node a series is about.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::labels::Labels;
use crate::cluster::{Assembly, Board, NodeFacts, PodKey, PoolFacts, Snapshot, Timestamp};

/// The nodes and pods of the cluster, as series may name them.
#[derive(Debug)]
pub struct Directory<'a> {
    names: HashSet<Arc<str>>,
    by_address: HashMap<Arc<str>, Arc<str>>,
    gpu_nodes: HashSet<Arc<str>>,
    board: &'a Board,
}

/// The labels that name a pod: its name, its namespace.
pub(super) type PodLabels = (&'static str, &'static str);

/// The pod that uses the GPU, where Prometheus kept the scrape target's own labels (`honorLabels: false`, the
/// default) and moved the exporter's aside.
pub(super) const EXPORTED: PodLabels = ("exported_pod", "exported_namespace");
/// The pod that uses the GPU, as dcgm-exporter named it before 2.0.
pub(super) const OLD: PodLabels = ("pod_name", "pod_namespace");
/// The exporter's own pod, or with `honorLabels: true` the pod that uses the GPU, if one does.
pub(super) const PLAIN: PodLabels = ("pod", "namespace");

/// What is known of a pod that a series names.
pub(super) struct KnownPod {
    /// Its key as the board holds it.
    pub(super) key: PodKey,
    pub(super) node: Arc<str>,
    pub(super) wants_gpus: bool,
}

impl<'a> Directory<'a> {
    /// The cluster as the board shows it now.
    #[must_use]
    pub fn new(board: &'a Board) -> Self {
        let facts: Vec<_> = board.read(|assembly| assembly.nodes().cloned().collect());
        let address = |node: &Arc<NodeFacts>| Some((node.internal_ip.clone()?, node.name.clone()));
        let has_gpus = |pools: &[PoolFacts]| pools.iter().any(|pool| pool.capacity > 0);
        Self {
            names: facts.iter().map(|node| node.name.clone()).collect(),
            by_address: facts.iter().filter_map(address).collect(),
            gpu_nodes: facts
                .iter()
                .filter(|node| has_gpus(&node.pools))
                .map(|node| node.name.clone())
                .collect(),
            board,
        }
    }

    /// The nodes that offer GPUs.
    pub(super) fn gpu_nodes(&self) -> &HashSet<Arc<str>> {
        &self.gpu_nodes
    }

    /// The cluster with what was measured before.
    pub(super) fn known(&self) -> Snapshot {
        self.board.snapshot(Timestamp::default())
    }

    /// The node with this name or address, with or without a port.
    fn node(&self, name: &str) -> Option<&Arc<str>> {
        let find = |name: &str| self.names.get(name).or_else(|| self.by_address.get(name));
        find(name).or_else(|| find(without_port(name)?))
    }

    /// The pod that takes up room under this name.
    pub(super) fn pod(&self, key: &PodKey) -> Option<KnownPod> {
        let known = |assembly: &Assembly| {
            let pod = assembly.pod(key)?;
            let (key, node) = (pod.request.key.clone(), pod.node.clone());
            Some(KnownPod { key, node, wants_gpus: pod.request.gpu_count() > 0 })
        };
        self.board.read(known)
    }
}

/// The pod that the labels name.
pub(super) fn pod_key(labels: &Labels, (name, namespace): PodLabels) -> Option<PodKey> {
    Some(PodKey::new(labels.get(namespace)?, labels.get(name)?))
}

/// The host of `host:port` or `[address]:port`.
fn without_port(instance: &str) -> Option<&str> {
    let (host, port) = instance.rsplit_once(':')?;
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host))
}

/// Where the labels of a series say that it is.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Whereabouts {
    /// The nodes that the plan's labels hold, each with the label's place in the plan.
    by_label: Vec<(usize, Arc<str>)>,
    /// Where no label holds one: the node of a pod that the series names, the exporter's or the one that uses the GPU:
    /// both are where the GPU is.
    by_pod: Option<Arc<str>>,
}

impl Whereabouts {
    pub(super) fn new(labels: &Labels, node_labels: &[String], directory: &Directory<'_>) -> Self {
        let nodes = node_labels.iter().map(|label| directory.node(labels.get(label)?).cloned());
        let by_label: Vec<_> = nodes.enumerate().filter_map(|(label, node)| Some((label, node?))).collect();
        let by_pod = |pod| directory.pod(&pod_key(labels, pod)?).map(|pod| pod.node);
        let pods = [PLAIN, EXPORTED, OLD];
        Self { by_pod: pods.into_iter().filter(|_| by_label.is_empty()).find_map(by_pod), by_label }
    }
}

/// Finds the nodes of series by the labels that hold them, the most fitting one first.
#[derive(Debug)]
pub(super) struct Locator<'a> {
    labels: &'a [String],
    /// How many series each label gives a known node.
    fits: Vec<usize>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(labels: &'a [String]) -> Self {
        Self { labels, fits: vec![0; labels.len()] }
    }

    /// Takes a series into account.
    pub(super) fn count(&mut self, series: &Whereabouts) {
        series.by_label.iter().for_each(|(label, _)| self.fits[*label] += 1);
    }

    /// What ranks first fits most series; of equals the earlier in the plan.
    fn rank(&self, label: usize) -> impl Ord + use<> {
        (std::cmp::Reverse(self.fits[label]), label)
    }

    /// The label that fits most series, where any fits.
    pub(super) fn best_label(&self) -> Option<&'a str> {
        let best = (0..self.labels.len()).min_by_key(|label| self.rank(*label))?;
        (self.fits[best] > 0).then(|| self.labels[best].as_str())
    }

    /// The node of a series, when all are counted.
    pub(super) fn node<'w>(&self, series: &'w Whereabouts) -> Option<&'w Arc<str>> {
        let by_label = series.by_label.iter().min_by_key(|(label, _)| self.rank(*label));
        by_label.map(|(_, node)| node).or(series.by_pod.as_ref())
    }
}
