//! Experiments: what arrives, and that nothing but the input decides.

use std::sync::atomic::{AtomicUsize, Ordering};

use gpulse_simulator::fill::{Experiment, Finished, experiment};
use gpulse_simulator::output::Document;
use gpulse_simulator::output::fill::Report;
use gpulse_simulator::policy::Choice;
use gpulse_simulator::runs::Shard;
use gpulse_simulator::workload::{Arrive, Workload, arrivals};

use crate::support::{small, workload};

fn every_policy(seeds: impl Iterator<Item = u64>, shard: &str) -> Experiment {
    let (policies, seeds) = (Choice::all().collect(), seeds.collect());
    Experiment { policies, seeds, arrive: Arrive::default(), shard: shard.parse().unwrap() }
}

fn finished(workload: &Workload, plan: &Experiment, jobs: usize) -> Vec<Finished> {
    experiment(workload, plan, jobs, &|| true, &|_| {})
}

/// All that programs are told.
fn bytes(workload: &Workload, plan: &Experiment, jobs: usize) -> Vec<u8> {
    let report = Report::of(workload, plan, &finished(workload, plan, jobs));
    let mut bytes = Vec::new();
    report.write_json(&mut bytes).unwrap();
    report.write_csv(&mut bytes).unwrap();
    bytes
}

/// GPUs asked for, in thousandths.
fn demand(workload: &Workload, pods: &[gpulse_simulator::workload::ClassId]) -> u64 {
    pods.iter().map(|pod| workload.class(*pod).gpu_milli).sum()
}

#[test]
fn the_bytes_follow_from_the_input_alone() {
    let (workload, plan) = (small(), every_policy(42..46, "1/1"));
    let once = bytes(&workload, &plan, 1);
    for jobs in [1, 2, 7, 100] {
        assert_eq!(once, bytes(&small(), &plan, jobs), "{jobs} jobs");
    }
    assert_ne!(once, bytes(&workload, &every_policy(43..47, "1/1"), 1));
}

#[test]
fn shards_together_are_the_whole() {
    let workload = small();
    let seen = |plan: &Experiment| -> Vec<(String, u64, u64)> {
        let told = |run: Finished| (run.id.policy.name().to_owned(), run.id.seed, run.outcome.placed);
        finished(&workload, plan, 2).into_iter().map(told).collect()
    };
    let mut parts: Vec<_> =
        ["1/3", "2/3", "3/3"].iter().flat_map(|shard| seen(&every_policy(0..5, shard))).collect();
    let mut whole = seen(&every_policy(0..5, "1/1"));
    parts.sort();
    whole.sort();
    assert_eq!(parts, whole);
}

#[test]
fn what_is_stopped_is_partial_and_keeps_what_is_done() {
    let (workload, plan) = (small(), every_policy(42..46, "1/1"));
    let asked = AtomicUsize::new(0);
    let runs = experiment(&workload, &plan, 1, &|| asked.fetch_add(1, Ordering::Relaxed) < 3, &|_| {});
    let report = Report::of(&workload, &plan, &runs);
    assert!(report.partial);
    assert_eq!(report.strategies.iter().map(|strategy| strategy.runs.len()).sum::<usize>(), 3);
    assert!(report.to_text().starts_with("PARTIAL"));
}

#[test]
fn every_pod_is_placed_or_stopped_by_a_reason() {
    let workload = small();
    for run in finished(&workload, &every_policy(42..44, "1/1"), 1) {
        let outcome = run.outcome;
        assert_eq!(outcome.placed + outcome.failures.total(), outcome.pods, "{}", run.id.policy.name());
        assert!(outcome.allocated_milli <= workload.capacity_milli);
    }
}

#[test]
fn all_pods_come_and_clones_of_them_up_to_the_target() {
    let workload = small();
    let pods = arrivals(&workload, 42, Arrive::default());
    let mut first = pods[..workload.pods.len()].to_vec();
    first.sort_unstable();
    assert_eq!(first, workload.pods);
    let target = workload.capacity_milli * 13 / 10;
    // The last clone may overshoot by its other GPUs, as in the paper's simulator.
    assert!((target - 1000..target + 3000).contains(&demand(&workload, &pods)));
    assert_ne!(pods, arrivals(&workload, 43, Arrive::default()));
}

#[test]
fn pods_are_left_out_where_they_ask_for_more_than_the_target() {
    let rows: String = (0..50).map(|pod| format!("p{pod},1000,1,1,1000,\n")).collect();
    let workload = workload("a,64000,65536,8,T4\n", &rows);
    let pods = arrivals(&workload, 42, "0.5".parse().unwrap());
    assert_eq!(demand(&workload, &pods), 4000);
}

#[test]
fn a_multiple_has_three_decimals_at_most() {
    for (text, shown) in [("1.3", "1.3"), ("2", "2"), ("0.125", "0.125"), ("10", "10"), ("0.01", "0.01")] {
        assert_eq!(text.parse::<Arrive>().unwrap().to_string(), shown);
    }
    for wrong in
        ["", ".", "-1", "1.", ".5", "1.2345", "0.009", "10.001", "nan", "1e3", "99999999999999999999"]
    {
        assert!(wrong.parse::<Arrive>().is_err(), "{wrong:?}");
    }
}

#[test]
fn a_shard_is_one_of_its_number() {
    for wrong in ["", "1", "0/3", "4/3", "a/b", "1/0", "-1/2"] {
        assert!(wrong.parse::<Shard>().is_err(), "{wrong:?}");
    }
    assert_eq!("2/3".parse::<Shard>().unwrap().to_string(), "2/3");
}
