//! Whether a pod fits a node: the hard rules, the lasting ones first.

use super::{Inquiry, Reason};
use crate::cluster::{GpuDemand, Node, PodRequest, PoolKind};

/// Why the pod cannot go to the node, or `None` where it can.
pub(super) fn refusal(inquiry: &Inquiry<'_>, node: &Node) -> Option<Reason> {
    let pod = inquiry.pod;
    let offered = |demand: &GpuDemand| node.pool(&demand.resource).is_some();
    if !pod.gpus.iter().all(offered) {
        return Some(Reason::NoSuchGpu);
    }
    model_refusal(pod, node)
        .or_else(|| memory_refusal(pod, node))
        .or_else(|| pod.gpus.iter().find_map(|demand| count_refusal(pod, demand, node)))
        .or_else(|| host_refusal(pod, node))
}

fn model_refusal(pod: &PodRequest, node: &Node) -> Option<Reason> {
    if pod.models.is_empty() || pod.gpus.is_empty() {
        return None;
    }
    match node.model() {
        None => Some(Reason::UnknownModel),
        Some(model) if pod.models.iter().any(|pattern| pattern.accepts(model)) => None,
        Some(_) => Some(Reason::WrongModel),
    }
}

fn memory_refusal(pod: &PodRequest, node: &Node) -> Option<Reason> {
    let wanted = pod.min_gpu_memory.filter(|_| !pod.gpus.is_empty())?;
    match node.gpu_memory() {
        None => Some(Reason::UnknownGpuMemory),
        Some(memory) if memory < wanted => Some(Reason::GpuMemoryTooSmall),
        Some(_) => None,
    }
}

fn count_refusal(pod: &PodRequest, demand: &GpuDemand, node: &Node) -> Option<Reason> {
    let (facts, pool) = node.pool(&demand.resource)?;
    let nominated = if node.has_nominated() { nominated_demands(pod, node, demand).sum() } else { 0 };
    let wanted = demand.count.saturating_add(nominated);
    if facts.kind == PoolKind::Divisible {
        return (wanted > pool.gaps.at_least(demand.share)).then_some(Reason::InsufficientGpus);
    }
    if wanted <= pool.free(facts) {
        return None;
    }
    let if_all_were_healthy = facts.capacity.saturating_sub(pool.allocated);
    Some(if wanted <= if_all_were_healthy { Reason::UnhealthyGpus } else { Reason::InsufficientGpus })
}

/// What pods nominated to the node ask of the same resource.
fn nominated_demands<'a>(
    pod: &'a PodRequest,
    node: &'a Node,
    demand: &'a GpuDemand,
) -> impl Iterator<Item = u32> + 'a {
    let others = node.nominated_against(pod).flat_map(|other| &other.gpus);
    others.filter(|other| other.resource == demand.resource).map(|other| other.count)
}

fn host_refusal(pod: &PodRequest, node: &Node) -> Option<Reason> {
    let nominated = || node.has_nominated().then(|| node.nominated_against(pod)).into_iter().flatten();
    let nominated_cpu = nominated().map(|other| other.cpu).sum();
    if pod.cpu.0 > 0 && node.cpu_used() + nominated_cpu + pod.cpu > node.cpu() {
        return Some(Reason::InsufficientCpu);
    }
    let nominated_memory = nominated().map(|other| other.memory).sum();
    let memory_short = node.memory_used() + nominated_memory + pod.memory > node.memory();
    (pod.memory.0 > 0 && memory_short).then_some(Reason::InsufficientMemory)
}
