//! What vanishes from the answers ages; it does not disappear at once.

use std::time::Duration;

use gpulse::cluster::{Gpu, Samples, Timestamp};
use gpulse::telemetry::Roster;

use crate::support::{GpuBuilder, NOW, gpu};

const EXPIRES_AFTER: Duration = Duration::from_secs(300);

/// An answer that holds these devices of node `a`, and those of node `b`.
fn answer(a: &[GpuBuilder], b: &[GpuBuilder]) -> Samples {
    let devices = |node: &str, gpus: &[GpuBuilder]| gpus.iter().map(|gpu| gpu.on(node)).collect();
    let both = [("a", devices("a", a)), ("b", devices("b", b))];
    both.into_iter()
        .filter(|(_, gpus): &(_, std::sync::Arc<[Gpu]>)| !gpus.is_empty())
        .map(|(n, g)| (n.into(), g))
        .collect()
}

fn later(seconds: u64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

#[test]
fn a_full_answer_stands_for_itself() {
    let mut roster = Roster::default();
    roster.merge(answer(&[gpu(0).busy(10)], &[gpu(0).busy(20)]), NOW, EXPIRES_AFTER);
    let next = answer(&[gpu(0).busy(30)], &[gpu(0).busy(40)]);
    assert_eq!(roster.merge(next.clone(), later(15), EXPIRES_AFTER), next);
}

#[test]
fn of_a_half_answer_the_other_half_ages_until_it_expires() {
    let mut roster = Roster::default();
    let whole = answer(&[gpu(0).busy(10)], &[gpu(0).busy(20)]);
    roster.merge(whole.clone(), NOW, EXPIRES_AFTER);
    let half = || answer(&[gpu(0).busy(90)], &[]);
    for seconds in [15, 299] {
        let merged = roster.merge(half(), later(seconds), EXPIRES_AFTER);
        assert_eq!(merged["b"], whole["b"], "kept as it was, with the time of its sample, after {seconds} s");
        assert_eq!(merged["a"], half()["a"], "and the rest is new");
    }
    assert_eq!(roster.merge(half(), later(300), EXPIRES_AFTER), half());
}

#[test]
fn what_comes_back_is_new_again() {
    let mut roster = Roster::default();
    let whole = answer(&[gpu(0).busy(10)], &[gpu(0).busy(20)]);
    roster.merge(whole.clone(), NOW, EXPIRES_AFTER);
    roster.merge(answer(&[gpu(0).busy(90)], &[]), later(200), EXPIRES_AFTER);
    roster.merge(whole.clone(), later(250), EXPIRES_AFTER);
    let merged = roster.merge(Samples::default(), later(500), EXPIRES_AFTER);
    assert_eq!(merged, whole, "the 300 s count from the last answer that held it");
}

#[test]
fn a_gpu_whose_utilization_vanishes_keeps_the_last_one_for_as_long() {
    let mut roster = Roster::default();
    roster.merge(answer(&[gpu(0).busy(60)], &[]), NOW, EXPIRES_AFTER);
    let dark = || answer(&[gpu(0).sick(79)], &[]);
    let merged = roster.merge(dark(), later(15), EXPIRES_AFTER);
    assert_eq!(merged["a"][0], gpu(0).busy(60).sick(79).on("a"), "but its health is the new one");
    assert_eq!(
        roster.merge(dark(), later(299), EXPIRES_AFTER)["a"][0].utilization,
        gpu(0).busy(60).on("a").utilization
    );
    assert_eq!(roster.merge(dark(), later(300), EXPIRES_AFTER), dark());
}

#[test]
fn a_gpu_that_is_partitioned_anew_leaves_no_old_instance_behind() {
    let mut roster = Roster::default();
    let instances = [gpu(0).mig(1, "1g.10gb").busy(10), gpu(0).mig(2, "1g.10gb").busy(20)];
    roster.merge(answer(&instances, &[]), NOW, EXPIRES_AFTER);
    let whole = answer(&[gpu(0).busy(50)], &[]);
    assert_eq!(roster.merge(whole.clone(), later(15), EXPIRES_AFTER), whole);
}

#[test]
fn a_gpu_that_moved_is_on_its_new_node_only() {
    let mut roster = Roster::default();
    let moved = gpu(0).busy(10).on("a");
    roster.merge(Samples::from_iter([("a".into(), [moved.clone()].into())]), NOW, EXPIRES_AFTER);
    let after = Samples::from_iter([("b".into(), [moved].into())]);
    assert_eq!(roster.merge(after.clone(), later(15), EXPIRES_AFTER), after);
}
