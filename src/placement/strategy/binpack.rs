//! Bin packing: the fullest node that fits, and no whole node broken open while a broken one will do.

use super::{Direction, Note, Scoring, Strategy};
use crate::cluster::Node;
use crate::placement::Inquiry;

/// The table's line.
pub static STRATEGY: Strategy = Strategy {
    name: "binpack",
    summary: "the fullest node that fits; untouched nodes are kept whole for those who need them",
    direction: Direction::Pack,
    scoring: Scoring::Class(ratio),
};

fn ratio(inquiry: &Inquiry<'_>, node: &Node, note: &mut Note<'_>) -> f64 {
    let fullness = fullness(inquiry, node, note);
    let keeps_whole = f64::from(u8::from(!breaks_open(inquiry, node)));
    note("keeps-whole", keeps_whole);
    // Half of the range each: no fullness makes up for breaking a node open.
    0.5 * keeps_whole + 0.5 * fullness
}

/// Whether the pod would take some of the GPUs of a node of which nobody has any yet.
fn breaks_open(inquiry: &Inquiry<'_>, node: &Node) -> bool {
    inquiry.pod.gpus.iter().any(|demand| {
        node.pool(&demand.resource)
            .is_some_and(|(facts, pool)| pool.allocated == 0 && facts.kind.units(demand) < pool.free(facts))
    })
}

/// How full the node would be, 0 to 1: used over capacity of GPU, CPU and memory, weighted by the profile.
pub(super) fn fullness(inquiry: &Inquiry<'_>, node: &Node, note: &mut Note<'_>) -> f64 {
    let pod = inquiry.pod;
    let gpu = gpu_fullness(inquiry, node);
    let cpu = share(node.cpu_used().0 + pod.cpu.0, node.cpu().0);
    let memory = share(node.memory_used().0 + pod.memory.0, node.memory().0);
    note("gpu", gpu);
    note("cpu", cpu);
    note("memory", memory);
    let weights = inquiry.profile.resources;
    let parts = [(weights.gpu, gpu), (weights.cpu, cpu), (weights.memory, memory)];
    weighted_mean(parts.into_iter())
}

/// The fullness of the pools that the pod asks of, weighted by its counts; of all pools where it asks of none.
fn gpu_fullness(inquiry: &Inquiry<'_>, node: &Node) -> f64 {
    let demands = &inquiry.pod.gpus;
    if demands.is_empty() {
        return weighted_mean(node.pools().map(|(facts, pool)| {
            (facts.capacity, share(pool.allocated.into(), (facts.capacity - pool.unhealthy).into()))
        }));
    }
    weighted_mean(demands.iter().filter_map(|demand| {
        let (facts, pool) = node.pool(&demand.resource)?;
        let used = u64::from(pool.allocated) + u64::from(facts.kind.units(demand));
        Some((demand.count, share(used, (facts.capacity - pool.unhealthy).into())))
    }))
}

/// Used over capacity, at most 1; of nothing, everything is used.
fn share(used: u64, capacity: u64) -> f64 {
    if used >= capacity { 1.0 } else { used as f64 / capacity as f64 }
}

/// The mean by weight; zero where nothing has weight.
pub(super) fn weighted_mean(parts: impl Iterator<Item = (u32, f64)>) -> f64 {
    let (weight, sum) = parts.fold((0.0, 0.0), |(weight, sum), (more, value)| {
        (weight + f64::from(more), sum + f64::from(more) * value)
    });
    if weight > 0.0 { sum / weight } else { 0.0 }
}
