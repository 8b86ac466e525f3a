//! What holds for every strategy in the table, on any cluster.

use gpulse::cluster::PerMille;
use gpulse::placement::strategy::Direction;
use gpulse::placement::{self, Candidate, MAX_POINTS, Profile, Ranked, STRATEGIES, Score, Verdict, explain};
use proptest::prelude::*;

use super::{everyone, profile, ranks};
use crate::support::{ClusterBuilder, NodeBuilder, PodBuilder, cluster, gpu, node, pod};

/// A node's measurements: for each GPU nothing, or a load in percent and an age in seconds.
type Devices = Vec<Option<(u16, u64)>>;

fn devices() -> impl Strategy<Value = Devices> {
    prop::collection::vec(prop::option::weighted(0.8, (0..=100_u16, 0..400_u64)), 1..=8)
}

fn measured(name: &str, devices: &Devices) -> NodeBuilder {
    let gpus = devices.iter().enumerate().map(|(index, sample)| match sample {
        Some((percent, age)) => gpu(index as u32).busy(*percent).seconds_old(*age),
        None => gpu(index as u32),
    });
    node(name).gpus(devices.len() as u32).measured(gpus)
}

fn name(index: usize) -> String {
    format!("n{index:02}")
}

/// Up to a dozen nodes, each with its devices and how many of them are taken.
fn clusters() -> impl Strategy<Value = Vec<(Devices, u32)>> {
    prop::collection::vec((devices(), 0..=8_u32), 1..12)
}

fn build(nodes: &[(Devices, u32)]) -> ClusterBuilder {
    let built = nodes.iter().enumerate().map(|(index, (devices, _))| measured(&name(index), devices));
    let pods =
        nodes.iter().enumerate().filter(|(_, (_, taken))| *taken > 0).map(|(index, (devices, taken))| {
            pod(&format!("held-{index}")).gpus((*taken).min(devices.len() as u32)).on(&name(index))
        });
    cluster().nodes(built).pods(pods)
}

fn profiles() -> impl Strategy<Value = Profile> {
    let strategies = prop::sample::select(STRATEGIES.to_vec());
    (strategies, 0..=100_u16, 0..=100_u16, 0..=100_u16, any::<u64>()).prop_map(
        |(strategy, weight, target, deadband, seed)| {
            let mut profile = profile(strategy.name, weight);
            profile.utilization.target = PerMille::new(target * 10);
            profile.deadband = PerMille::new(deadband);
            profile.seed = seed;
            profile.affinity.memory_weight = 1;
            profile.affinity.owner_weight = 1;
            profile
        },
    )
}

fn asking() -> impl Strategy<Value = PodBuilder> {
    (1..=8_u32, 0..5_u32).prop_map(|(gpus, n)| pod(&format!("p{n}")).gpus(gpus).cpu("2").owner("job"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn ranks_are_in_range_one_for_each_candidate_with_somebody_on_top(
        nodes in clusters(), profile in profiles(), pod in asking(),
    ) {
        let ranks = ranks(&build(&nodes), &pod, &profile);
        prop_assert_eq!(ranks.len(), nodes.len());
        for rank in &ranks {
            prop_assert!(rank.points <= MAX_POINTS);
            prop_assert!(rank.combined <= Score::ONE && rank.strategy <= Score::ONE);
        }
        prop_assert_eq!(ranks.iter().map(|rank| rank.points).max(), Some(MAX_POINTS));
    }

    #[test]
    fn a_better_score_never_has_fewer_points_and_the_best_shares_its_points_with_near_equals_only(
        nodes in clusters(), profile in profiles(), pod in asking(),
    ) {
        let ranks = ranks(&build(&nodes), &pod, &profile);
        let best = ranks.iter().map(|rank| rank.combined).max().unwrap();
        let deadband = u32::from(profile.deadband.get()) * 1000;
        for a in &ranks {
            let near_best = best.millionths() - a.combined.millionths() <= deadband;
            prop_assert_eq!(a.points == MAX_POINTS, near_best);
            for b in &ranks {
                prop_assert!(a.combined < b.combined || a.points >= b.points);
            }
        }
    }

    #[test]
    fn order_changes_nothing_and_the_same_question_has_the_same_answer(
        nodes in clusters(), profile in profiles(), pod in asking(), turn in 0..12_usize,
    ) {
        let snapshot = build(&nodes).snapshot();
        let request = pod.request();
        let forwards = everyone(&snapshot);
        let mut turned = forwards.clone();
        turned.reverse();
        turned.rotate_left(turn % forwards.len());
        let by_name = |candidates: &[Candidate<'_>]| -> Vec<(String, Verdict, Ranked)> {
            let verdicts = placement::filter(&snapshot, &request, &profile, candidates);
            let ranks = placement::prioritize(&snapshot, &request, &profile, candidates);
            let names = candidates.iter().map(|candidate| candidate.name.to_owned());
            let mut rows: Vec<_> = names.zip(verdicts).zip(ranks).map(|((n, v), r)| (n, v, r)).collect();
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            rows
        };
        prop_assert_eq!(by_name(&forwards), by_name(&turned));
        prop_assert_eq!(by_name(&forwards), by_name(&forwards));
    }

    #[test]
    fn more_load_never_raises_a_spreading_score(
        nodes in clusters(), profile in profiles(), pod in asking(),
        node in any::<prop::sample::Index>(), device in any::<prop::sample::Index>(), more in 1..=100_u16,
    ) {
        prop_assume!(profile.strategy.direction == Direction::Spread);
        let mut busier = nodes.clone();
        let at = node.index(nodes.len());
        let devices = &mut busier[at].0;
        let device = device.index(devices.len());
        let Some((percent, _)) = &mut devices[device] else { return Ok(()) };
        *percent = (*percent + more).min(100);
        let (before, after) = (ranks(&build(&nodes), &pod, &profile), ranks(&build(&busier), &pod, &profile));
        prop_assert!(after[at].combined <= before[at].combined);
        prop_assert!(after[at].points <= before[at].points);
    }

    #[test]
    fn missing_never_beats_fresh_idle(
        others in clusters(), profile in profiles(), pod in asking(), gpus in 1..=8_usize,
    ) {
        // Twins but for their measurements. The draw of `random` differs by name: it is left out.
        prop_assume!(profile.strategy.name != "random");
        let mut nodes = others;
        nodes.push((vec![Some((0, 0)); gpus], 0));
        nodes.push((vec![None; gpus], 0));
        let ranks = ranks(&build(&nodes), &pod, &profile);
        let [.., idle, missing] = &ranks[..] else { panic!() };
        prop_assert!(missing.combined <= idle.combined, "{:?} <= {:?}", missing, idle);
        prop_assert!(missing.points <= idle.points);
    }

    #[test]
    fn more_free_gpus_never_turn_a_fit_into_a_refusal(nodes in clusters(), pod in asking()) {
        let emptier: Vec<_> = nodes.iter().map(|(devices, taken)| (devices.clone(), taken.saturating_sub(1))).collect();
        let (before, after) = (super::verdicts(&build(&nodes), &pod), super::verdicts(&build(&emptier), &pod));
        for (before, after) in before.iter().zip(after) {
            prop_assert!(*before != Verdict::Fits || after == Verdict::Fits);
        }
    }

    #[test]
    fn the_explanation_is_the_decision(nodes in clusters(), profile in profiles(), pod in asking()) {
        let snapshot = build(&nodes).snapshot();
        let request = pod.request();
        let candidates = everyone(&snapshot);
        let verdicts = placement::filter(&snapshot, &request, &profile, &candidates);
        let fitting: Vec<Candidate<'_>> =
            candidates.iter().zip(&verdicts).filter(|(_, v)| **v == Verdict::Fits).map(|(c, _)| *c).collect();
        let ranks = placement::prioritize(&snapshot, &request, &profile, &fitting);
        let explanation = explain(&snapshot, &request, &profile, &candidates);
        prop_assert_eq!(explanation.nodes.len(), candidates.len());
        for (candidate, verdict) in candidates.iter().zip(&verdicts) {
            let row = explanation.nodes.iter().find(|row| row.node == candidate.name).unwrap();
            prop_assert_eq!(row.rejected.map_or(Verdict::Fits, Verdict::Rejected), *verdict);
        }
        for (candidate, rank) in fitting.iter().zip(&ranks) {
            let row = explanation.nodes.iter().find(|row| row.node == candidate.name).unwrap();
            prop_assert_eq!((row.points, row.combined, row.strategy), (rank.points, rank.combined, rank.strategy));
        }
    }
}
