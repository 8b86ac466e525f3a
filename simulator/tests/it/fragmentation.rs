//! The measure of fragmentation, against its definition.

use gpulse_simulator::cluster::{Rehearsal, Slot};
use gpulse_simulator::fragmentation::{Ledger, Measure, Mix, Room};
use gpulse_simulator::policy::{Arrival, Choice, Place, Policy, Stage};
use gpulse_simulator::workload::{ClassId, Shape, Workload};
use proptest::prelude::*;

use crate::support::{small, tables, workload};

/// The fragmentation of a node to one shape of pod, word for word as the paper has it, in thousandths of a GPU.
pub(crate) fn to_shape(room: &Room, shape: &Shape) -> u64 {
    let idle: u64 = room.gaps.iter().map(|gap| u64::from(*gap)).sum();
    let large = |gap: &&u16| **gap >= shape.share_milli;
    let fits = shape.gpus > 0
        && shape.accepts[room.model as usize]
        && room.cpu_milli >= shape.cpu_milli
        && room.gaps.iter().filter(large).count() as u32 >= shape.gpus;
    if !fits {
        return idle;
    }
    room.gaps.iter().filter(|gap| !large(gap)).map(|gap| u64::from(*gap)).sum()
}

/// The mean over the mix, times its pods.
pub(crate) fn to_mix(workload: &Workload, mix: &Mix, room: &Room) -> u64 {
    mix.shapes.iter().map(|(shape, pods)| pods * to_shape(room, workload.shape(*shape))).sum()
}

/// What is left of a node.
fn room(workload: &Workload, cluster: &Rehearsal, slot: Slot) -> Room {
    Room::at(workload, cluster.snapshot(), slot)
}

#[test]
fn what_a_pod_cannot_use_is_a_fragment() {
    let workload = workload("a,8000,65536,2,T4\n", "p1,2000,1,1,600,\np2,9000,1,1,100,\np3,1000,1,0,0,\n");
    let mut cluster = Rehearsal::of(&workload.snapshot);
    let slot = workload.slots[0];
    let fragments = |cluster: &Rehearsal| -> Vec<u64> {
        workload.shapes.iter().map(|shape| to_shape(&room(&workload, cluster, slot), shape)).collect()
    };
    // The first fits everywhere; the second lacks CPU and the third asks for no GPU: all of it is lost to them.
    assert_eq!(fragments(&cluster), [0, 2000, 2000]);
    cluster.bind(slot, &workload.classes[0].request, &[0]);
    assert_eq!(fragments(&cluster), [400, 1400, 1400]);
}

#[test]
fn the_typical_pods_are_nineteen_of_twenty() {
    let rows: String =
        (0..100).map(|pod| format!("p{pod},{}000,1,1,500,\n", 1 + pod / 50 + pod / 96)).collect();
    let workload = workload("a,8000,65536,2,T4\n", &rows);
    let mix = Mix::typical(&workload);
    let pods: Vec<u64> = mix.shapes.iter().map(|(_, pods)| *pods).collect();
    assert_eq!((pods, mix.pods), (vec![50, 46], 96));
}

/// A cluster that pods come to and leave, at random.
struct Traffic<'a> {
    workload: &'a Workload,
    cluster: Rehearsal,
    policy: Box<dyn Policy + 'a>,
    bound: Vec<(Place, ClassId)>,
}

impl Traffic<'_> {
    /// Lets a pod leave, where one is to and there is one, or else the pod come; tells the node that changed.
    fn step(&mut self, number: u32, leave: bool) -> Option<Slot> {
        let class = self.workload.pods[number as usize % self.workload.pods.len()];
        let pod = Arrival { class, number };
        let slot = if leave && let Some((place, class)) = self.bound.pop() {
            self.cluster.release(place.slot, &self.workload.class(class).request, &place.devices);
            place.slot
        } else {
            let place = self.policy.choose(&self.cluster, pod)?;
            self.cluster.bind(place.slot, &self.workload.class(class).request, &place.devices);
            self.bound.push((place.clone(), class));
            place.slot
        };
        self.policy.bound(&self.cluster, pod, slot);
        Some(slot)
    }
}

proptest! {
    /// While pods come to random nodes and leave them, the sums kept up node by node are those of the definition.
    #[test]
    fn the_ledger_is_the_definition(
        tables in tables(),
        seed in any::<u64>(),
        leaves in prop::collection::vec(any::<bool>(), 40),
    ) {
        let workload = tables.workload();
        let mix = Mix::typical(&workload);
        let measure = Measure::of(&workload, &mix);
        let stage = Stage { workload: &workload, measure: &measure, seed };
        let mut traffic = Traffic {
            workload: &workload,
            cluster: Rehearsal::of(&workload.snapshot),
            policy: Choice::named("random-fit").unwrap().build(stage),
            bound: Vec::new(),
        };
        let mut ledger = Ledger::of(&workload, &measure, &workload.snapshot);
        for (number, leave) in (0..).zip(leaves) {
            if let Some(slot) = traffic.step(number, leave) {
                ledger.changed(traffic.cluster.snapshot(), slot);
            }
            let of_node = |slot: &Slot| to_mix(&workload, &mix, &room(&workload, &traffic.cluster, *slot));
            let sum: u64 = workload.slots.iter().map(of_node).sum();
            prop_assert_eq!(ledger.milli(), sum as f64 / mix.pods as f64);
        }
    }
}

#[test]
fn an_empty_cluster_is_a_fragment_to_pods_without_gpus() {
    let workload = small();
    let measure = Measure::of(&workload, &Mix::typical(&workload));
    let ledger = Ledger::of(&workload, &measure, &workload.snapshot);
    // Of seven pods, the two large nodes are lost to the one without GPUs and the one that wants a T4; the third to the
    // former and to the one that wants four V100; the last to these and to the one that wants two GPUs.
    let lost = 2 * (8000 + 8000) + (2000 + 2000) + (1000 + 1000 + 1000);
    assert_eq!(ledger.milli(), f64::from(lost) / 7.0);
}
