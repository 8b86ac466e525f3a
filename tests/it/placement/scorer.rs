//! The decision with a memory is the decision without one, whatever has happened in between.

use std::sync::Arc;

use gpulse::cluster::{Board, FreshnessPolicy, PodKey, Samples, Slot, Timestamp};
use gpulse::placement::{self, Candidate, Profile, STRATEGIES, Scorer};
use proptest::prelude::*;

use super::choice::chooses_the_first_of_the_best;
use super::profile;
use crate::support::{NOW, PodBuilder, cluster, gpu, node, pod};

const NODES: u32 = 150;
const NAMES: u32 = 12;

/// Something that happens to a cluster, by numbers of nodes and pods.
#[derive(Debug, Clone)]
enum Event {
    NodeJoins { node: u32, gpus: u32 },
    NodeLeaves { node: u32 },
    PodIsBound { pod: u32, node: u32, gpus: u32 },
    PodIsNominated { pod: u32, node: u32, gpus: u32 },
    PodLeaves { pod: u32 },
    Refresh { busy_percent: Vec<u16> },
    TimePasses { seconds: u64 },
    Asked { pod: u32, gpus: u32, cpu: u32, strangers: bool },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let (node, pod, gpus) = (0..NODES, 0..NAMES, 1..=8_u32);
    let event = prop_oneof![
        (node.clone(), gpus.clone()).prop_map(|(node, gpus)| Event::NodeJoins { node, gpus }),
        node.clone().prop_map(|node| Event::NodeLeaves { node }),
        (pod.clone(), node.clone(), gpus.clone()).prop_map(|(pod, node, gpus)| Event::PodIsBound {
            pod,
            node,
            gpus
        }),
        (pod.clone(), node, gpus.clone()).prop_map(|(pod, node, gpus)| Event::PodIsNominated {
            pod,
            node,
            gpus
        }),
        pod.clone().prop_map(|pod| Event::PodLeaves { pod }),
        prop::collection::vec(0..=100_u16, 1..20).prop_map(|busy_percent| Event::Refresh { busy_percent }),
        (0..200_u64).prop_map(|seconds| Event::TimePasses { seconds }),
        (pod, 0..=3_u32, 0..3_u32, any::<bool>()).prop_map(|(pod, gpus, cpu, strangers)| Event::Asked {
            pod,
            gpus,
            cpu,
            strangers
        }),
    ];
    prop::collection::vec(event, 1..60)
}

fn profiles() -> impl Strategy<Value = Profile> {
    (prop::sample::select(STRATEGIES.to_vec()), 0..=100_u16, 0..2_u32).prop_map(
        |(strategy, weight, owner)| {
            let mut profile = profile(strategy.name, weight);
            profile.affinity.owner_weight = owner;
            profile.affinity.memory_weight = 1;
            profile
        },
    )
}

fn name(node: u32) -> String {
    format!("n{node}")
}

/// A board, the moment, and a scorer that has seen all of it.
struct History {
    board: Board,
    now: Timestamp,
    scorer: Scorer,
}

impl History {
    fn happens(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::NodeJoins { node: number, gpus } => {
                let facts = node(&name(*number)).gpus(*gpus).facts();
                self.board.update(|assembly| assembly.apply_node(facts));
            }
            Event::NodeLeaves { node } => self.board.update(|assembly| assembly.delete_node(&name(*node))),
            Event::PodIsBound { pod, node, gpus } => self.holds(holder(*pod, *gpus).on(&name(*node))),
            Event::PodIsNominated { pod, node, gpus } => {
                self.holds(holder(*pod, *gpus).nominated(&name(*node)));
            }
            Event::PodLeaves { pod } => {
                let key = PodKey::new("default", format!("p{pod}"));
                self.board.update(|assembly| assembly.delete_pod(&key));
            }
            Event::Refresh { busy_percent } => self.refresh(busy_percent),
            Event::TimePasses { seconds } => self.now.0 += seconds * 1000,
            Event::Asked { pod, gpus, cpu, strangers } => self.ask(*pod, *gpus, *cpu, *strangers)?,
        }
        Ok(())
    }

    fn holds(&self, pod: PodBuilder) {
        let bound = pod.bound().expect("a pod that holds something");
        self.board.update(|assembly| assembly.apply_pod(bound));
    }

    fn refresh(&self, busy_percent: &[u16]) {
        let age = NOW.0.saturating_sub(self.now.0) / 1000;
        let samples = busy_percent.iter().enumerate().map(|(number, busy)| {
            let name = name(number as u32 * 7 % NODES);
            let gpus: Vec<_> =
                (0..4).map(|index| gpu(index).busy(*busy).seconds_old(age).on(&name)).collect();
            (Arc::from(name), gpus.into())
        });
        let samples = Samples::from_iter(samples);
        self.board.update(|assembly| assembly.apply_samples(samples));
    }

    /// Both ways of deciding, over all nodes, backwards or with one that nobody knows.
    fn ask(&self, number: u32, gpus: u32, cpu: u32, strangers: bool) -> Result<(), TestCaseError> {
        let snapshot = self.board.snapshot(self.now);
        let request = holder(number, gpus).cpu(&cpu.to_string()).request();
        let mut candidates = Candidate::everyone(&snapshot);
        if strangers {
            candidates.push(Candidate::named(&snapshot, "nobody-knows"));
            candidates.reverse();
        }
        let profile = self.scorer.profile();
        prop_assert_eq!(
            self.scorer.filter(&snapshot, &request, &candidates),
            placement::filter(&snapshot, &request, profile, &candidates)
        );
        prop_assert_eq!(
            self.scorer.prioritize(&snapshot, &request, &candidates),
            placement::prioritize(&snapshot, &request, profile, &candidates)
        );
        let order: Vec<Slot> = candidates.iter().filter_map(|candidate| candidate.slot).collect();
        chooses_the_first_of_the_best(&self.scorer, &snapshot, &request, &order)?;
        // The best node of all may not be among those that are asked about.
        let some: Vec<Slot> = order.iter().copied().skip(number as usize % 3).step_by(3).collect();
        chooses_the_first_of_the_best(&self.scorer, &snapshot, &request, &some)?;
        Ok(())
    }
}

/// A pod that asks for GPUs; every third has another owner.
fn holder(number: u32, gpus: u32) -> PodBuilder {
    let pod = pod(&format!("p{number}")).owner(&format!("job-{}", number % 3));
    if gpus > 0 { pod.gpus(gpus) } else { pod }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_scorer_answers_what_filter_and_prioritize_answer(
        profile in profiles(), before in events(), after in events(),
    ) {
        let scorer = Scorer::new(Arc::new(profile));
        let mut history = History { board: Board::new(FreshnessPolicy::default()), now: NOW, scorer };
        for number in 0..NODES {
            history.happens(&Event::NodeJoins { node: number, gpus: 4 })?;
        }
        for event in before.iter().chain(&after) {
            history.happens(event)?;
            history.ask(0, 1, 2, false)?;
        }
    }

    #[test]
    fn a_scorer_takes_nothing_from_one_cluster_to_another(profile in profiles(), gpus in 1..=8_u32) {
        let scorer = Scorer::new(Arc::new(profile));
        let request = holder(0, 2).request();
        for gpus in [gpus, 9 - gpus] {
            let snapshot = cluster().nodes([node("a").gpus(gpus), node("b").gpus(4)]).snapshot();
            let candidates = Candidate::everyone(&snapshot);
            prop_assert_eq!(
                scorer.filter(&snapshot, &request, &candidates),
                placement::filter(&snapshot, &request, scorer.profile(), &candidates)
            );
        }
    }
}
