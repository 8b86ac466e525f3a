//! A node: what it offers, who holds it, and what its GPUs are measured to be doing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::gaps::Devices;
use super::gpu::Gpu;
use super::model::Model;
use super::pod::{BoundPod, Hold, PodRequest};
use super::pool::{Pool, PoolFacts};
use super::units::{Mib, MilliCpu};

/// What Kubernetes says of a node, as far as placement reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeFacts {
    /// The node's name.
    pub name: Arc<str>,
    /// Allocatable CPU.
    pub cpu: MilliCpu,
    /// Allocatable memory.
    pub memory: Mib,
    /// The GPU resources that the node offers, by name.
    pub pools: Vec<PoolFacts>,
    /// The GPUs' model: `nvidia.com/gpu.product` without its sharing and MIG suffix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// Framebuffer memory of each GPU: `nvidia.com/gpu.memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_memory: Option<Mib>,
    /// The address that other nodes reach it by (`InternalIP`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_ip: Option<Arc<str>>,
    /// The labels that configuration asked to keep.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
}

impl NodeFacts {
    /// The same node with nothing to give.
    pub(super) fn without_room(&self) -> Self {
        Self { cpu: MilliCpu(0), memory: Mib(0), pools: Vec::new(), ..self.clone() }
    }
}

/// A node as it stands: its facts, its pods and its GPUs, with the sums that placement asks for.
///
/// A decision looks at thousands of nodes, and what it waits for is memory. So what every decision reads stands in the
/// node itself, also where it is a copy of a fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    facts: Arc<NodeFacts>,
    pods: Vec<Arc<BoundPod>>,
    gpus: Arc<[Gpu]>,
    cpu: MilliCpu,
    cpu_used: MilliCpu,
    memory: Mib,
    memory_used: Mib,
    pools: SmallVec<[(PoolFacts, Pool); 1]>,
    model: Option<Model>,
    gpu_memory: Option<Mib>,
    owners: Owners,
    name_hash: u64,
    nominated: bool,
}

impl Node {
    /// Joins what Kubernetes says, who is there, and what was measured. Pure: the same parts give the same node.
    #[must_use]
    pub fn assemble(facts: Arc<NodeFacts>, pods: Vec<Arc<BoundPod>>, gpus: Arc<[Gpu]>) -> Self {
        let bound = || pods.iter().filter(|pod| pod.hold == Hold::Bound).map(|pod| &pod.request);
        let pool = |pool: &PoolFacts| (pool.clone(), Pool::assemble(pool, bound(), &gpus));
        let measured_model = || gpus.iter().find_map(|gpu| gpu.model.as_deref()).map(Model::new);
        let measured_memory = || gpus.iter().filter_map(|gpu| gpu.memory_total).min();
        Self {
            name_hash: xxh3_64(facts.name.as_bytes()),
            cpu: facts.cpu,
            cpu_used: bound().map(|pod| pod.cpu).sum(),
            memory: facts.memory,
            memory_used: bound().map(|pod| pod.memory).sum(),
            pools: facts.pools.iter().map(pool).collect(),
            model: facts.model.clone().or_else(measured_model),
            gpu_memory: facts.gpu_memory.or_else(measured_memory),
            owners: pods.iter().filter_map(|pod| pod.request.owner.as_deref()).collect(),
            nominated: pods.iter().any(|pod| pod.hold == Hold::Nominated),
            facts,
            pods,
            gpus,
        }
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.facts.name
    }

    /// 64 bits that follow from the name alone, the same wherever gpulse runs.
    #[must_use]
    pub fn name_hash(&self) -> u64 {
        self.name_hash
    }

    /// What Kubernetes says of it.
    #[must_use]
    pub fn facts(&self) -> &NodeFacts {
        &self.facts
    }

    /// The pods on it, bound and nominated, by namespace and name.
    #[must_use]
    pub fn pods(&self) -> &[Arc<BoundPod>] {
        &self.pods
    }

    /// Its devices as measured.
    #[must_use]
    pub fn gpus(&self) -> &[Gpu] {
        &self.gpus
    }

    /// The pods on it that this controller made, bound and nominated.
    pub fn pods_of(&self, owner: &str) -> impl Iterator<Item = &Arc<BoundPod>> {
        let pods: &[Arc<BoundPod>] = if self.owners.may_have(owner) { &self.pods } else { &[] };
        pods.iter().filter(move |pod| pod.request.owner.as_deref() == Some(owner))
    }

    /// The model of its GPUs: by its labels, else by what its devices say of themselves.
    #[must_use]
    pub fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// Framebuffer memory of each of its GPUs: by its labels, else the smallest of its devices.
    #[must_use]
    pub fn gpu_memory(&self) -> Option<Mib> {
        self.gpu_memory
    }

    /// Allocatable CPU.
    #[must_use]
    pub fn cpu(&self) -> MilliCpu {
        self.cpu
    }

    /// Allocatable memory.
    #[must_use]
    pub fn memory(&self) -> Mib {
        self.memory
    }

    /// CPU bound to pods.
    #[must_use]
    pub fn cpu_used(&self) -> MilliCpu {
        self.cpu_used
    }

    /// Memory bound to pods.
    #[must_use]
    pub fn memory_used(&self) -> Mib {
        self.memory_used
    }

    /// The pool that offers `resource`, with its facts.
    #[must_use]
    pub fn pool(&self, resource: &str) -> Option<(&PoolFacts, &Pool)> {
        // The common names are shared strings, so that the address settles it.
        let named =
            |facts: &PoolFacts| std::ptr::eq(&*facts.resource, resource) || *facts.resource == *resource;
        self.pools().find(|(facts, _)| named(facts))
    }

    /// All pools with their facts.
    pub fn pools(&self) -> impl Iterator<Item = (&PoolFacts, &Pool)> {
        self.pools.iter().map(|(facts, pool)| (facts, pool))
    }

    /// Binds a pod, as far as room goes: on these devices of the divisible pool that its one demand asks of, or the
    /// tightest where none are named. Returns which.
    pub(super) fn take(&mut self, pod: &PodRequest, devices: &[usize]) -> Devices {
        let mut taken = Devices::new();
        self.cpu_used += pod.cpu;
        self.memory_used += pod.memory;
        for demand in &pod.gpus {
            let Some((facts, pool)) = self.pool_mut(&demand.resource) else { continue };
            taken.extend(pool.take(facts, demand, devices));
        }
        taken
    }

    /// Lets a pod go that was bound to these devices.
    pub(super) fn give_back(&mut self, pod: &PodRequest, devices: &[usize]) {
        self.cpu_used = self.cpu_used.saturating_sub(pod.cpu);
        self.memory_used = self.memory_used.saturating_sub(pod.memory);
        for demand in &pod.gpus {
            let Some((facts, pool)) = self.pool_mut(&demand.resource) else { continue };
            pool.give_back(facts, demand, devices);
        }
    }

    fn pool_mut(&mut self, resource: &str) -> Option<(&PoolFacts, &mut Pool)> {
        let (facts, pool) = self.pools.iter_mut().find(|(facts, _)| *facts.resource == *resource)?;
        Some((facts, pool))
    }

    /// Whether any pod is nominated to this node.
    #[must_use]
    pub fn has_nominated(&self) -> bool {
        self.nominated
    }

    /// The pods nominated to this node that count against `pod`: other pods of at least its priority.
    pub fn nominated_against<'a>(&'a self, pod: &'a PodRequest) -> impl Iterator<Item = &'a PodRequest> {
        let nominated: &[Arc<BoundPod>] = if self.nominated { &self.pods } else { &[] };
        nominated
            .iter()
            .filter(|other| other.hold == Hold::Nominated)
            .map(|other| &other.request)
            .filter(move |other| other.priority >= pod.priority && other.key != pod.key)
    }
}

/// Whose pods are on a node, at a glance: each owner has one of 64 bits, and one whose bit is not set has no pod there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Owners(u64);

impl Owners {
    fn bit(owner: &str) -> u64 {
        1 << (xxh3_64(owner.as_bytes()) % 64)
    }

    fn may_have(self, owner: &str) -> bool {
        self.0 & Self::bit(owner) != 0
    }
}

impl<'a> FromIterator<&'a str> for Owners {
    fn from_iter<I: IntoIterator<Item = &'a str>>(owners: I) -> Self {
        Self(owners.into_iter().fold(0, |bits, owner| bits | Self::bit(owner)))
    }
}
