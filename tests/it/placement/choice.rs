//! A choice is the first of the nodes that are scored highest, whatever is remembered.

use std::collections::BTreeMap;
use std::sync::Arc;

use gpulse::cluster::{
    Assembly, Devices, FreshnessPolicy, GpuDemand, MilliGpu, Mix, PodRequest, PoolFacts, PoolKind, Rehearsal,
    Slot, Snapshot, Wish,
};
use gpulse::placement::{self, Candidate, Choice, Profile, STRATEGIES, Scorer, Verdict};
use proptest::prelude::*;

use super::profile;
use crate::support::{NOW, node, pod};

const NODES: u32 = 70;

/// The choice among these nodes is the first of those that fit and that `prioritize` scores highest.
pub(super) fn chooses_the_first_of_the_best(
    scorer: &Scorer,
    snapshot: &Snapshot,
    request: &PodRequest,
    order: &[Slot],
) -> Result<Option<Choice>, TestCaseError> {
    let candidate = |slot: &Slot| Candidate { name: "", slot: Some(*slot), unseen: None };
    let candidates: Vec<Candidate<'_>> = order.iter().map(candidate).collect();
    let verdicts = placement::filter(snapshot, request, scorer.profile(), &candidates);
    let ranks = placement::prioritize(snapshot, request, scorer.profile(), &candidates);
    let fitting =
        verdicts.iter().zip(&ranks).zip(order).filter(|((verdict, _), _)| **verdict == Verdict::Fits);
    let scores: Vec<_> = fitting.map(|((_, rank), slot)| (rank.strategy, *slot)).collect();
    let best = scores.iter().map(|(score, _)| *score).max();
    let first = scores.iter().find(|(score, _)| Some(*score) == best).map(|(_, slot)| *slot);
    let choice = scorer.choose(snapshot, request, order);
    prop_assert_eq!(choice.as_ref().map(|choice| choice.slot), first);
    Ok(choice)
}

/// A cluster of GPUs that pods may have any share of, on which placements are tried out.
struct Trial {
    cluster: Rehearsal,
    order: Vec<Slot>,
    scorer: Scorer,
    bound: Vec<(Slot, PodRequest, Devices)>,
}

impl Trial {
    fn of(profile: Profile) -> Self {
        let mut assembly = Assembly::default();
        for number in 0..NODES {
            let model = ["NVIDIA-A10", "NVIDIA-H100-80GB-HBM3"][number as usize % 2];
            let mut facts = node(&format!("n{number}")).gpus(1 + number % 4).cpu("16").model(model).facts();
            facts.pools[0] = PoolFacts {
                kind: PoolKind::Divisible,
                capacity: facts.pools[0].capacity * 1000,
                allocatable: facts.pools[0].capacity * 1000,
                ..facts.pools[0].clone()
            };
            assembly.apply_node(facts);
        }
        let snapshot = assembly.snapshot(NOW, FreshnessPolicy::default());
        let order = (0..NODES).rev().filter_map(|number| snapshot.slot(&format!("n{number}"))).collect();
        let scorer = Scorer::new(Arc::new(profile)).remembering(8);
        Self { cluster: Rehearsal::of(&snapshot), order, scorer, bound: Vec::new() }
    }

    fn request(count: u32, share: u64, cpu: u32, picky: bool) -> PodRequest {
        let pod = pod("p").gpus(1).cpu(&cpu.to_string());
        let mut request = if picky { pod.models("H100") } else { pod }.request();
        let share = MilliGpu(if count > 1 { 1000 } else { share });
        request.gpus[0] = GpuDemand { count, share, ..request.gpus[0].clone() };
        request.gpus.truncate(count as usize);
        request
    }

    /// Places a pod where it is chosen to go, by the very devices; a scorer without a past chooses the same.
    fn place(&mut self, request: PodRequest) -> Result<(), TestCaseError> {
        let snapshot = self.cluster.snapshot();
        let choice = chooses_the_first_of_the_best(&self.scorer, snapshot, &request, &self.order)?;
        let forgetful = Scorer::new(self.scorer.profile().clone());
        prop_assert_eq!(&forgetful.choose(snapshot, &request, &self.order), &choice);
        let Some(Choice { slot, devices }) = choice else { return Ok(()) };
        let pool =
            |demand: &GpuDemand| Some(snapshot.at(slot)?.pool(&demand.resource)?.1.gaps.tightest(demand));
        let tightest = request.gpus.first().and_then(pool).unwrap_or_default();
        let devices = if devices.is_empty() { tightest } else { devices };
        self.cluster.bind(slot, &request, &devices);
        self.bound.push((slot, request, devices));
        Ok(())
    }

    fn leave(&mut self, number: usize) {
        if !self.bound.is_empty() {
            let (slot, request, devices) = self.bound.swap_remove(number % self.bound.len());
            self.cluster.release(slot, &request, &devices);
        }
    }

    /// Every node of one of the two models is lost, with the pods on it.
    fn lose_a_model(&mut self) {
        let lost: Vec<Slot> = self.order.iter().copied().step_by(2).collect();
        for slot in &lost {
            assert!(self.cluster.lose(*slot).is_some());
        }
        self.bound.retain(|(slot, ..)| !lost.contains(slot));
    }

    /// The pods that are there are what is learned.
    fn learn(&mut self) {
        let wishes: BTreeMap<String, (Wish, u64)> = self
            .bound
            .iter()
            .map(|(_, request, _)| {
                let wish = Wish::of(request);
                (format!("{wish:?}"), (wish, 1))
            })
            .collect();
        self.cluster.learn(Mix::new(wishes.into_values()));
    }
}

/// What happens in a trial: a pod comes, and every now and then one leaves or something is learned.
fn trial() -> impl Strategy<Value = Vec<(u32, u64, u32, bool, usize)>> {
    let share = prop::sample::select(vec![200_u64, 350, 500, 900, 1000]);
    prop::collection::vec((0..=3_u32, share, 0..5_u32, any::<bool>(), 0..1000_usize), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn shares_go_where_they_would_go_without_a_memory(
        strategy in prop::sample::select(STRATEGIES.to_vec()), pods in trial(),
    ) {
        let mut trial = Trial::of(profile(strategy.name, 0));
        for (count, share, cpu, picky, chance) in pods {
            match chance % 5 {
                0 => trial.leave(chance),
                1 if chance % 3 == 0 => trial.learn(),
                _ => {}
            }
            trial.place(Trial::request(count, share, cpu, picky))?;
        }
    }

    #[test]
    fn a_model_that_is_gone_leaves_no_trace(
        strategy in prop::sample::select(STRATEGIES.to_vec()), before in trial(), after in trial(),
    ) {
        let mut trial = Trial::of(profile(strategy.name, 0));
        for (number, (count, share, cpu, picky, _)) in before.iter().chain(&after).enumerate() {
            if number == before.len() {
                trial.lose_a_model();
                trial.learn();
            }
            trial.place(Trial::request(*count, *share, *cpu, *picky))?;
        }
    }
}
