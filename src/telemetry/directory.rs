//! Which node a series is about.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::series::{Labels, Series};
use crate::cluster::{Assembly, Board, NodeFacts, PodKey, PoolFacts};

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

    /// The node with this name or address, with or without a port.
    fn node(&self, name: &str) -> Option<&Arc<str>> {
        let find = |name: &str| self.names.get(name).or_else(|| self.by_address.get(name));
        find(name).or_else(|| find(without_port(name)?))
    }

    /// The pod that takes up room under this name.
    pub(super) fn pod(&self, key: &PodKey) -> Option<KnownPod> {
        let known = |assembly: &Assembly| {
            let pod = assembly.pod(key)?;
            Some(KnownPod { node: pod.node.clone(), wants_gpus: pod.request.gpu_count() > 0 })
        };
        self.board.read(known)
    }
}

/// The pod that the labels name.
pub(super) fn pod_key(labels: &Labels<'_>, (name, namespace): PodLabels) -> Option<PodKey> {
    Some(PodKey::new(labels.get(namespace)?, labels.get(name)?))
}

/// The host of `host:port` or `[address]:port`.
fn without_port(instance: &str) -> Option<&str> {
    let (host, port) = instance.rsplit_once(':')?;
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host))
}

/// Finds the nodes of series by the labels that hold them, the most fitting one first.
#[derive(Debug)]
pub(super) struct Locator<'a> {
    directory: &'a Directory<'a>,
    labels: Vec<&'a str>,
    best_fits: bool,
}

impl<'a> Locator<'a> {
    /// Ranks the labels by how many series they give a known node; of equals the earlier in `labels` is first.
    pub(super) fn new<'s>(
        directory: &'a Directory<'a>,
        labels: &'a [String],
        series: impl Iterator<Item = &'s Series<'s>>,
    ) -> Self {
        let mut ranked: Vec<(&str, usize)> = labels.iter().map(|label| (label.as_str(), 0)).collect();
        for series in series {
            for (label, fits) in &mut ranked {
                *fits +=
                    usize::from(series.labels.get(label).and_then(|name| directory.node(name)).is_some());
            }
        }
        ranked.sort_by_key(|(_, fits)| std::cmp::Reverse(*fits));
        let best_fits = ranked.first().is_some_and(|(_, fits)| *fits > 0);
        Self { directory, labels: ranked.into_iter().map(|(label, _)| label).collect(), best_fits }
    }

    /// The label that fits most series, where any fits.
    pub(super) fn best_label(&self) -> Option<&str> {
        self.labels.first().copied().filter(|_| self.best_fits)
    }

    /// The node of a series: by its labels, else by the pods it names, which are the exporter's and the one that uses
    /// the GPU: both are where the GPU is.
    pub(super) fn node(&self, labels: &Labels<'_>) -> Option<Arc<str>> {
        let by_label = self.labels.iter().find_map(|label| self.directory.node(labels.get(label)?));
        let by_pod = |pod| self.directory.pod(&pod_key(labels, pod)?).map(|pod| pod.node);
        by_label.cloned().or_else(|| [PLAIN, EXPORTED, OLD].into_iter().find_map(by_pod))
    }
}
