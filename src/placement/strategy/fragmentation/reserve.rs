//! Room for pods of several whole GPUs, and GPUs that some pods insist on.

use std::cmp::Reverse;

use super::kind::Kind;
use crate::cluster::{GpuDemand, Mix};

/// How many groups of pods of several GPUs are looked after at most.
pub(super) const MAX_GROUPS: usize = 8;

/// CPU within this factor counts as alike.
const LIKE_CPU: f64 = 1.1;

/// Pods of several whole GPUs that ask for much the same CPU: one slot serves any of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// GPUs of each of its pods.
    pub(super) gpus: u32,
    /// The most CPU that one of them asks for, in thousandths of a core.
    pub(super) cpu_milli: u64,
    /// Their part, and that of groups of as many GPUs and more CPU, of all GPUs asked for.
    pub(super) share: f64,
}

/// The groups of a mix: the most GPUs first, then the most CPU.
pub(super) fn groups(mix: &Mix) -> Vec<Group> {
    let demand = |count: u64, gpus: u32, milli: u64| count as f64 * f64::from(gpus) * milli as f64;
    let wishes = || {
        mix.iter().filter_map(|(wish, count)| {
            let gpus = wish.gpus.as_ref()?;
            Some((gpus.count, wish.cpu.0, demand(count, gpus.count, gpus.share.0)))
        })
    };
    let total: f64 = wishes().map(|(_, _, demand)| demand).sum();
    let mut several: Vec<_> = wishes().filter(|(gpus, ..)| *gpus >= 2).collect();
    several.sort_by_key(|(gpus, cpu_milli, _)| Reverse((*gpus, *cpu_milli)));
    let mut groups: Vec<Group> = Vec::new();
    for (gpus, cpu_milli, demand) in several {
        let share = demand / total;
        match groups.last_mut() {
            Some(group) if group.gpus == gpus && cpu_milli as f64 >= group.cpu_milli as f64 / LIKE_CPU => {
                group.share += share;
            }
            Some(group) if group.gpus == gpus => {
                let share = group.share + share;
                groups.push(Group { gpus, cpu_milli, share });
            }
            _ => groups.push(Group { gpus, cpu_milli, share }),
        }
    }
    groups.truncate(MAX_GROUPS);
    groups
}

impl Group {
    /// The slots that a node has whole.
    pub(super) fn slots(&self, idle_devices: u32, cpu_milli: u64) -> u32 {
        let by_cpu = cpu_milli.checked_div(self.cpu_milli).unwrap_or(u64::MAX);
        (idle_devices / self.gpus).min(by_cpu.min(u32::MAX.into()) as u32)
    }

    /// The slots that so much CPU feeds.
    pub(super) fn fed(&self, cpu_milli: f64) -> f64 {
        if self.cpu_milli > 0 { cpu_milli / self.cpu_milli as f64 } else { f64::MAX }
    }

    /// What a slot costs, in thousandths of a GPU: nothing while there are plenty, a whole pod's GPUs when there are
    /// no more than are expected to be asked for before the cluster is full.
    pub(super) fn price(&self, idle_milli: i64, slots: i64) -> i64 {
        let whole = 1000.0 * f64::from(self.gpus);
        let needed = 2.0 * idle_milli as f64 * self.share / whole;
        let margin = 4.0 * needed.sqrt() + 1.0;
        (whole * ((needed + margin - slots as f64) / margin).clamp(0.0, 1.0)).round() as i64
    }
}

/// The slots of `gpus` devices that a node has, those begun among them, as far as its CPU feeds them: taking the last
/// device but one of a slot costs more than taking one of a slot that is broken anyway, so that pods gather on broken
/// nodes and nearly empty ones drain.
pub(super) fn slots_begun(gpus: u32, idle_devices: u32, devices: u32) -> f64 {
    let whole = idle_devices / gpus;
    let begun = match devices >= (whole + 1) * gpus {
        true => f64::from(idle_devices % gpus) / f64::from(gpus),
        false => 0.0,
    };
    f64::from(whole) + begun * begun
}

/// Pods that insist on some of the kinds.
#[derive(Debug, Clone)]
pub(super) struct Insisting {
    /// By kind, whether it is one of those.
    pub(super) kinds: Vec<bool>,
    /// Their part of all GPUs asked for.
    pub(super) share: f64,
}

/// The pods of a mix that name models, by which kinds these are.
pub(super) fn insisting<'a>(mix: &Mix, kinds: impl Iterator<Item = &'a Kind> + Clone) -> Vec<Insisting> {
    let demand = |count: u64, gpus: &GpuDemand| count as f64 * f64::from(gpus.count) * gpus.share.0 as f64;
    let total: f64 = mix.iter().filter_map(|(wish, count)| Some(demand(count, wish.gpus.as_ref()?))).sum();
    let mut lists: Vec<Insisting> = Vec::new();
    for (wish, count) in mix.iter().filter(|(wish, _)| !wish.models.is_empty()) {
        let Some(gpus) = &wish.gpus else { continue };
        let share = demand(count, gpus) / total;
        let kinds: Vec<bool> = kinds.clone().map(|kind| kind.suits(wish)).collect();
        match lists.iter_mut().find(|list| list.kinds == kinds) {
            Some(list) => list.share += share,
            None => lists.push(Insisting { kinds, share }),
        }
    }
    lists
}
