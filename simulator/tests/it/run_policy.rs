//! Policies when pods leave: that remembering still changes nothing.

use gpulse_simulator::cluster::Rehearsal;
use gpulse_simulator::fragmentation::{Measure, Mix};
use gpulse_simulator::policy::{Arrival, Choice, Place, Stage, order};
use gpulse_simulator::workload::Workload;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::policy::{admits, bind, plain_fgd};
use crate::support::{tables, workload};

/// What happens next: a pod comes, or one of those that run leaves.
#[derive(Debug, Clone)]
enum Step {
    Comes(Index),
    Leaves(Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<bool>(), any::<Index>())
        .prop_map(|(comes, index)| if comes { Step::Comes(index) } else { Step::Leaves(index) });
    prop::collection::vec(step, 1..80)
}

/// Takes a policy through the steps. `check` sees each choice before it is carried out.
fn history(
    workload: &Workload,
    choice: Choice,
    seed: u64,
    steps: &[Step],
    mut check: impl FnMut(&Rehearsal, Stage<'_>, Arrival, Option<&Place>) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let measure = Measure::of(workload, &Mix::typical(workload));
    let stage = Stage { workload, measure: &measure, seed };
    let mut policy = choice.build(stage);
    let mut cluster = Rehearsal::of(&workload.snapshot);
    let mut running: Vec<(Arrival, Place)> = Vec::new();
    for (number, step) in (0..).zip(steps) {
        match step {
            Step::Comes(pod) => {
                let pod = Arrival { class: *pod.get(&workload.pods), number };
                let found = policy.choose(&cluster, pod);
                check(&cluster, stage, pod, found.as_ref())?;
                let Some(mut place) = found else { continue };
                let node = cluster.snapshot().at(place.slot).unwrap();
                if let (Some(demand), true) =
                    (&workload.class(pod.class).request.gpus.first(), place.devices.is_empty())
                {
                    place.devices = node.pool(&demand.resource).unwrap().1.gaps.tightest(demand);
                }
                bind(workload, &mut cluster, &mut *policy, pod, &place);
                running.push((pod, place));
            }
            Step::Leaves(index) if !running.is_empty() => {
                let (pod, place) = running.swap_remove(index.index(running.len()));
                cluster.release(place.slot, &workload.class(pod.class).request, &place.devices);
                policy.left(&cluster, pod, place.slot);
            }
            Step::Leaves(_) => {}
        }
    }
    // When all have left, the cluster is empty again.
    for (pod, place) in running {
        cluster.release(place.slot, &workload.class(pod.class).request, &place.devices);
    }
    for slot in &workload.slots {
        let (left, empty) = (cluster.snapshot().at(*slot).unwrap(), workload.snapshot.at(*slot).unwrap());
        prop_assert_eq!(left.cpu_used(), empty.cpu_used());
        prop_assert_eq!(left.memory_used(), empty.memory_used());
        prop_assert!(left.pools().zip(empty.pools()).all(|(left, empty)| left.1.gaps == empty.1.gaps));
    }
    Ok(())
}

proptest! {
    #[test]
    fn fgd_chooses_as_if_it_remembered_nothing_when_pods_leave_too(
        tables in tables(), seed in any::<u64>(), steps in steps(),
    ) {
        let workload = tables.workload();
        let mix = Mix::typical(&workload);
        history(&workload, Choice::named("fgd").unwrap(), seed, &steps, |cluster, stage, pod, found| {
            let plain = plain_fgd(&workload, &mix, cluster, &order(stage), pod.class);
            prop_assert_eq!(found, plain.as_ref());
            Ok(())
        })?;
    }

    #[test]
    fn every_policy_goes_where_the_pod_fits_when_pods_leave_too(
        tables in tables(), seed in any::<u64>(), steps in steps(),
    ) {
        let workload = tables.workload();
        for choice in Choice::all() {
            history(&workload, choice, seed, &steps, |cluster, _, pod, found| {
                let admitting = |slot| admits(&workload, cluster, pod.class, slot);
                let is_right = match found {
                    Some(place) => admitting(place.slot),
                    None => !workload.slots.iter().any(|slot| admitting(*slot)),
                };
                prop_assert!(is_right, "{}", choice.name());
                Ok(())
            })?;
        }
    }
}

#[test]
fn gpu_clustering_forgets_who_has_left() {
    let workload =
        workload("a,64000,262144,8,T4\nb,64000,262144,8,T4\n", "p1,1000,1,1,500,\np2,1000,1,2,1000,\n");
    let measure = Measure::of(&workload, &Mix::typical(&workload));
    let stage = Stage { workload: &workload, measure: &measure, seed: 1 };
    let mut policy = Choice::named("gpu-clustering").unwrap().build(stage);
    let mut cluster = Rehearsal::of(&workload.snapshot);
    let [share, pair] = [0, 1].map(|number| Arrival { class: workload.pods[number], number: number as u32 });
    let first = policy.choose(&cluster, share).unwrap();
    bind(&workload, &mut cluster, &mut *policy, share, &first);
    assert_ne!(policy.choose(&cluster, pair).unwrap().slot, first.slot);
    cluster.release(first.slot, &workload.class(share.class).request, &first.devices);
    policy.left(&cluster, share, first.slot);
    // Both are empty: the first in the order.
    assert_eq!(policy.choose(&cluster, pair).unwrap().slot, order(stage)[0]);
}
