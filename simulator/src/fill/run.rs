//! One policy on one seed's pods.

use super::curve::{Curve, Standing};
use super::refusals::{Failures, Refusals};
use crate::cluster::Rehearsal;
use crate::fragmentation::{Ledger, Measure};
use crate::policy::{Arrival, Choice, Stage};
use crate::workload::{Arrive, Workload, arrivals};

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Pods that came.
    pub pods: u64,
    /// Pods that found a place.
    pub placed: u64,
    /// GPUs in use at the end, in thousandths.
    pub allocated_milli: u64,
    /// Pods that did not, by reason.
    pub failures: Failures,
    /// How it went.
    pub curve: Curve,
}

/// Lets the seed's pods come one after the other; none leaves, and one that finds no place is gone.
///
/// Since none leaves, what has found no place once will find none later: the policy is not asked again.
#[must_use]
pub fn run(workload: &Workload, measure: &Measure, policy: Choice, seed: u64, arrive: Arrive) -> Outcome {
    let pods = arrivals(workload, seed, arrive);
    let mut policy = policy.build(Stage { workload, measure, seed });
    let mut cluster = Rehearsal::of(&workload.snapshot);
    let mut ledger = Ledger::of(workload, measure, cluster.snapshot());
    let mut refusals = Refusals::new(workload);
    let held_milli = workload.held_milli;
    let (mut arrived_milli, mut allocated_milli, mut placed) = (held_milli, held_milli, 0);
    let start = Standing { allocated_milli, fragmented_milli: ledger.milli() };
    let mut curve = Curve::new(workload.capacity_milli, start);
    for (number, class) in (0..).zip(&pods) {
        let (pod, asked) = (Arrival { class: *class, number }, workload.class(*class));
        arrived_milli += asked.gpu_milli;
        policy.comes(&mut cluster, pod);
        let place = if refusals.knows(*class) { None } else { policy.choose(&cluster, pod) };
        match place {
            Some(place) => {
                cluster.bind(place.slot, &asked.request, &place.devices);
                policy.bound(&cluster, pod, place.slot);
                ledger.changed(cluster.snapshot(), place.slot);
                allocated_milli += asked.gpu_milli;
                placed += 1;
            }
            None => refusals.add(&cluster, *class),
        }
        let standing = Standing { allocated_milli, fragmented_milli: ledger.milli() };
        curve.record(arrived_milli, standing, refusals.failures());
    }
    Outcome { pods: pods.len() as u64, placed, allocated_milli, failures: *refusals.failures(), curve }
}
