//! How far a measurement is trusted as it ages.

use std::time::Duration;

use gpulse::cluster::{Confidence, Freshness, FreshnessPolicy, PerMille, Timestamp};
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn ages_are_fresh_then_stale_then_missing() {
    let policy = FreshnessPolicy::default();
    assert_eq!(policy.freshness(Duration::ZERO), Freshness::Fresh);
    assert_eq!(policy.freshness(policy.fresh_for), Freshness::Fresh);
    assert_eq!(policy.freshness(policy.fresh_for + SECOND), Freshness::Stale(policy.fresh_for + SECOND));
    assert_eq!(policy.freshness(policy.expires_after), Freshness::Missing);
    assert_eq!(policy.freshness(Duration::MAX), Freshness::Missing);
}

#[test]
fn confidence_is_full_while_fresh_half_in_the_middle_and_none_at_the_end() {
    let policy = FreshnessPolicy { fresh_for: 100 * SECOND, expires_after: 300 * SECOND };
    let confidence = |seconds: u32| policy.confidence(seconds * SECOND).get();
    assert_eq!([0, 100, 200, 300, 400].map(confidence), [1000, 1000, 500, 0, 0]);
}

#[test]
fn a_policy_without_a_stale_stretch_is_a_plain_limit() {
    let policy = FreshnessPolicy { fresh_for: 60 * SECOND, expires_after: 60 * SECOND };
    assert_eq!(policy.confidence(60 * SECOND), Confidence::ONE);
    assert_eq!(policy.confidence(61 * SECOND), Confidence::default());
}

#[test]
fn time_does_not_run_backwards() {
    assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO, "a sample from the future is of age zero");
    assert_eq!((Timestamp(5) + 4 * SECOND).since(Timestamp(5)), 4 * SECOND);
    assert_eq!(Timestamp(5) + Duration::MAX, Timestamp(u64::MAX));
}

#[test]
fn thousandths_stay_within_the_whole() {
    assert_eq!(PerMille::from_ratio(f64::NAN), None);
    let ratios = [-1.0, 0.0004, 0.5, 2.0, f64::INFINITY];
    assert_eq!(ratios.map(|ratio| PerMille::from_ratio(ratio).unwrap().get()), [0, 0, 500, 1000, 1000]);
    assert_eq!(serde_json::from_str::<PerMille>("5000").unwrap(), PerMille::ONE, "from a file too");
}

fn policies() -> impl Strategy<Value = FreshnessPolicy> {
    (0..600_u32, 0..3600_u32).prop_map(|(fresh, stale)| FreshnessPolicy {
        fresh_for: fresh * SECOND,
        expires_after: (fresh + stale) * SECOND,
    })
}

proptest! {
    #[test]
    fn an_older_sample_never_counts_more(policy in policies(), age in 0..5_000_000_u64, more in 0..5_000_000_u64) {
        let young = policy.confidence(Duration::from_millis(age));
        let old = policy.confidence(Duration::from_millis(age + more));
        prop_assert!(old <= young, "{young} at {age} ms, {old} {more} ms later");
    }

    /// A hundredth of the stale stretch costs at most 1.5 hundredths of the confidence (the cubic's steepest slope).
    #[test]
    fn there_is_no_cliff(policy in policies(), age in 0..5_000_000_u64) {
        let step = (policy.expires_after - policy.fresh_for) / 100;
        prop_assume!(!step.is_zero());
        let age = Duration::from_millis(age);
        let drop = policy.confidence(age).get() - policy.confidence(age + step).get();
        prop_assert!(drop <= 16, "{drop} thousandths within {step:?}");
    }
}
