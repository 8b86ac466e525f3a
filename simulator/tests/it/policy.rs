//! Policies: what each of them chooses, and that remembering changes nothing.

use gpulse_simulator::cluster::{Rehearsal, Slot};
use gpulse_simulator::fragmentation::{Measure, Mix, Room};
use gpulse_simulator::placement::{Candidate, Profile, Verdict, filter};
use gpulse_simulator::policy::{Arrival, Choice, Place, Policy, Stage, order};
use gpulse_simulator::workload::{ClassId, Shape, Workload};
use proptest::prelude::*;

use crate::fragmentation::to_mix;
use crate::support::{tables, workload};

/// Binds a pod as an experiment does.
pub(crate) fn bind(
    workload: &Workload,
    cluster: &mut Rehearsal,
    policy: &mut dyn Policy,
    pod: Arrival,
    place: &Place,
) {
    cluster.bind(place.slot, &workload.class(pod.class).request, &place.devices);
    policy.bound(cluster, pod, place.slot);
}

/// The nodes that pods go to under a policy when they come in the table's order, `-` for nowhere; ties go to the first
/// node in the seed's order.
fn chosen(policy: &str, workload: &Workload) -> Vec<String> {
    let measure = Measure::of(workload, &Mix::typical(workload));
    let mut policy = Choice::named(policy).unwrap().build(Stage { workload, measure: &measure, seed: 1 });
    let mut cluster = Rehearsal::of(&workload.snapshot);
    let place = |(number, class): (u32, &ClassId)| {
        let pod = Arrival { class: *class, number };
        let Some(place) = policy.choose(&cluster, pod) else { return "-".to_owned() };
        bind(workload, &mut cluster, &mut *policy, pod, &place);
        cluster.snapshot().at(place.slot).unwrap().name().to_string()
    };
    (0..).zip(&workload.pods).map(place).collect()
}

#[test]
fn best_fit_takes_the_node_with_the_least_left() {
    let workload = workload(
        "large,64000,262144,8,T4\nsmall,8000,65536,1,T4\nmiddle,32000,131072,4,T4\n",
        "p1,4000,1024,1,1000,\np2,4000,1024,1,1000,\np3,4000,1024,4,1000,\np4,4000,1024,5,1000,\n",
    );
    assert_eq!(chosen("best-fit", &workload), ["small", "middle", "large", "-"]);
}

#[test]
fn dot_product_keeps_away_from_where_the_demand_points() {
    let workload = workload(
        "large,64000,262144,8,T4\nsmall,8000,65536,1,T4\n",
        "p1,8000,1024,1,1000,\np2,8000,1024,1,1000,\n",
    );
    assert_eq!(chosen("dot-product", &workload), ["small", "large"]);
}

#[test]
fn gpu_packing_opens_no_device_while_one_in_use_will_do() {
    let workload = workload(
        "a,64000,262144,2,T4\nb,64000,262144,4,T4\n",
        "p1,1000,1,2,1000,\np2,1000,1,1,500,\np3,1000,1,1,400,\np4,1000,1,1,200,\n",
    );
    let chosen = chosen("gpu-packing", &workload);
    // The empty node with fewer devices first; then there is but one; its opened device is used up before the next.
    assert_eq!(chosen, ["a", "b", "b", "b"]);
}

#[test]
fn gpu_clustering_puts_pods_beside_their_like() {
    let workload = workload(
        "a,64000,262144,8,T4\nb,64000,262144,8,T4\n",
        "p1,1000,1,1,500,\np2,1000,1,2,1000,\np3,1000,1,1,300,\np4,1000,1,2,1000,\n",
    );
    let chosen = chosen("gpu-clustering", &workload);
    assert_eq!(chosen[0], chosen[2]);
    assert_eq!(chosen[1], chosen[3]);
    assert_ne!(chosen[0], chosen[1]);
}

#[test]
fn fgd_keeps_the_scarce_model_for_those_who_need_it() {
    let workload = workload(
        "t4,64000,262144,1,T4\nv100,64000,262144,1,V100\n",
        "p1,1000,1,1,1000,\np2,1000,1,1,1000,V100\np3,1000,1,1,1000,V100\n",
    );
    assert_eq!(chosen("fgd", &workload), ["t4", "v100", "-"]);
}

#[test]
fn every_policy_has_a_name_of_its_own_and_is_found_by_it() {
    let names: Vec<&str> = Choice::all().map(Choice::name).collect();
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
    assert!(names.iter().all(|name| Choice::named(name).unwrap().name() == *name));
}

/// FGD as the paper has it, with nothing remembered: every node and every device anew.
pub(crate) fn plain_fgd(
    workload: &Workload,
    mix: &Mix,
    cluster: &Rehearsal,
    nodes: &[Slot],
    class: ClassId,
) -> Option<Place> {
    let class = workload.class(class);
    let shape = workload.shape(class.shape);
    let mut best: Option<(u8, Place)> = None;
    for slot in nodes {
        let room = Room::at(workload, cluster.snapshot(), *slot);
        if !fits(&room, shape) || room.memory_mib < class.memory_mib {
            continue;
        }
        let before = to_mix(workload, mix, &room);
        for devices in choices(&room, shape) {
            let mut after = room.clone();
            after.cpu_milli -= shape.cpu_milli;
            let demand = shape.demand.as_ref();
            demand.into_iter().for_each(|demand| after.gaps.take(&devices, demand.share));
            let gain = before as f64 - to_mix(workload, mix, &after) as f64;
            let score = (100.0 / (1.0 + (-gain / mix.pods as f64 / 1000.0).exp())) as u8;
            if best.as_ref().is_none_or(|(top, _)| score > *top) {
                best = Some((score, Place { slot: *slot, devices: devices.into_iter().collect() }));
            }
        }
    }
    best.map(|(_, place)| place)
}

fn fits(room: &Room, shape: &Shape) -> bool {
    let large = room.gaps.iter().filter(|gap| **gap >= shape.share_milli).count();
    room.cpu_milli >= shape.cpu_milli
        && (shape.gpus == 0 || (large >= shape.gpus as usize && shape.accepts[room.model as usize]))
}

/// The devices that FGD tries: each alone for a pod of one GPU, the tightest for others.
fn choices(room: &Room, shape: &Shape) -> Vec<Vec<usize>> {
    match &shape.demand {
        None => vec![Vec::new()],
        Some(demand) if demand.count == 1 => (0..room.gaps.len())
            .filter(|device| room.gaps[*device] >= shape.share_milli)
            .map(|d| vec![d])
            .collect(),
        Some(demand) => vec![room.gaps.tightest(demand).to_vec()],
    }
}

/// Whether production's filter would let the pod go to the node.
pub(crate) fn admits(workload: &Workload, cluster: &Rehearsal, class: ClassId, slot: Slot) -> bool {
    let node = cluster.snapshot().at(slot).unwrap();
    let candidate = Candidate { name: node.name(), node: Some(node), slot: Some(slot) };
    let request = &workload.class(class).request;
    filter(cluster.snapshot(), request, &Profile::standard("test"), &[candidate]) == [Verdict::Fits]
}

proptest! {
    #[test]
    fn fgd_chooses_as_if_it_remembered_nothing(
        tables in tables(),
        seed in any::<u64>(),
        pods in prop::collection::vec(any::<prop::sample::Index>(), 1..80),
    ) {
        let workload = tables.workload();
        let mix = Mix::typical(&workload);
        let measure = Measure::of(&workload, &mix);
        let stage = Stage { workload: &workload, measure: &measure, seed };
        let mut policy = Choice::named("fgd").unwrap().build(stage);
        let mut cluster = Rehearsal::of(&workload.snapshot);
        for (number, pod) in (0..).zip(pods) {
            let pod = Arrival { class: *pod.get(&workload.pods), number };
            let found = policy.choose(&cluster, pod);
            prop_assert_eq!(&found, &plain_fgd(&workload, &mix, &cluster, &order(stage), pod.class));
            if let Some(place) = found {
                bind(&workload, &mut cluster, &mut *policy, pod, &place);
            }
        }
    }

    /// Baselines have a filter of their own, for speed; it lets through what production's does.
    #[test]
    fn every_policy_goes_where_the_pod_fits_and_nowhere_only_where_it_fits_nowhere(
        tables in tables(),
        seed in any::<u64>(),
        pods in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
    ) {
        let workload = tables.workload();
        let measure = Measure::of(&workload, &Mix::typical(&workload));
        for choice in Choice::all() {
            let mut policy = choice.build(Stage { workload: &workload, measure: &measure, seed });
            let mut cluster = Rehearsal::of(&workload.snapshot);
            for (number, pod) in (0..).zip(&pods) {
                let pod = Arrival { class: *pod.get(&workload.pods), number };
                match policy.choose(&cluster, pod) {
                    Some(place) => {
                        prop_assert!(admits(&workload, &cluster, pod.class, place.slot), "{}", choice.name());
                        bind(&workload, &mut cluster, &mut *policy, pod, &place);
                    }
                    None => {
                        let some = workload.slots.iter().any(|slot| admits(&workload, &cluster, pod.class, *slot));
                        prop_assert!(!some, "{}", choice.name());
                    }
                }
            }
        }
    }
}
