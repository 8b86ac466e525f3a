//! Which utilization counts: each trap of the exporters is a case.

use gpulse::cluster::Source::{GpuUtil, GrEngineActive, SmActive};
use gpulse::cluster::Timestamp;
use gpulse::telemetry::{
    CustomDialect, Dialect, DialectConfig, DropReason, TelemetryConfig, UtilizationScale,
};
use proptest::prelude::*;

use super::language::{
    BLANK, GR, GR_RATIO, SM, SM_RATIO, SeriesBuilder, UTIL, UTIL_RATIO, XID, read, read_in, series, two_nodes,
};
use crate::support::NOW;

#[test]
fn each_name_has_its_scale() {
    let cases = [
        (SM, 0.4, SmActive),
        (SM_RATIO, 0.4, SmActive),
        (GR, 0.4, GrEngineActive),
        (GR_RATIO, 0.4, GrEngineActive),
        (UTIL, 40.0, GpuUtil),
        (UTIL_RATIO, 0.4, GpuUtil),
    ];
    for (metric, value, source) in cases {
        assert_eq!(read(&[series(metric, value)]).utilization(), Some((400, source)), "{metric}");
    }
}

#[test]
fn a_percentage_of_one_is_not_full() {
    assert_eq!(read(&[series(UTIL, 1.0)]).utilization(), Some((10, GpuUtil)));
}

#[test]
fn the_best_metric_counts_for_each_gpu() {
    let seen = read(&[
        series(SM, 0.2),
        series(GR, 0.5),
        series(UTIL, 99.0),
        series(GR, 0.6).gpu(1),
        series(UTIL, 98.0).gpu(1),
        series(UTIL, 97.0).gpu(2),
    ]);
    let used: Vec<_> = seen.on("a").iter().map(|gpu| gpu.utilization.unwrap()).collect();
    let used: Vec<_> = used.iter().map(|used| (used.value.get(), used.source)).collect();
    assert_eq!(used, [(200, SmActive), (600, GrEngineActive), (970, GpuUtil)]);
}

#[test]
fn a_better_metric_without_a_value_leaves_the_next_to_count() {
    let seen = read(&[series(SM, BLANK), series(GR, f64::NAN), series(UTIL, 30.0)]);
    assert_eq!(seen.utilization(), Some((300, GpuUtil)));
    assert_eq!(seen.dropped(), [(DropReason::Blank, 1), (DropReason::NotANumber, 1)]);
}

#[test]
fn what_is_no_utilization_is_missing_and_not_zero() {
    let cases = [
        (SM, BLANK, DropReason::Blank),
        (SM, 140_737_488_355_328.0, DropReason::Blank),
        (UTIL, BLANK, DropReason::Blank),
        (SM, f64::NAN, DropReason::NotANumber),
        (SM, -0.1, DropReason::Negative),
        (SM, f64::NEG_INFINITY, DropReason::Negative),
        (SM, f64::INFINITY, DropReason::AboveRange),
        (SM, 37.0, DropReason::AboveRange),
        (UTIL, 1000.0, DropReason::AboveRange),
    ];
    for (metric, value, reason) in cases {
        let seen = read(&[series(metric, value)]);
        assert_eq!((seen.utilization(), seen.dropped()), (None, vec![(reason, 1)]), "{metric} {value}");
    }
}

#[test]
fn a_little_above_range_is_full() {
    assert_eq!(read(&[series(SM, 1.02)]).utilization(), Some((1000, SmActive)));
    assert_eq!(read(&[series(UTIL, 101.0)]).utilization(), Some((1000, GpuUtil)));
}

#[test]
fn a_value_without_a_time_is_missing() {
    let seen = read(&[series(SM, 0.5).unsampled()]);
    assert_eq!((seen.utilization(), seen.dropped()), (None, vec![(DropReason::NoSampleTime, 1)]));
}

#[test]
fn each_sample_keeps_its_own_time() {
    let seen = read(&[series(SM, 0.5).seconds_old(7), series(SM, 0.5).gpu(1).seconds_old(42)]);
    let times: Vec<_> = seen.on("a").iter().map(|gpu| gpu.utilization.unwrap().sampled_at).collect();
    assert_eq!(times, [Timestamp(NOW.0 - 7000), Timestamp(NOW.0 - 42_000)]);
}

/// Values that one name has over a fleet, and what they mean in thousandths.
#[test]
fn a_ratio_that_is_a_percentage_is_found_out() {
    let cases: [(&str, &[f64], &[u16]); 5] = [
        ("dcgm 4.7: a ratio", &[0.0, 0.37, 1.0], &[0, 370, 1000]),
        ("dcgm 4.6: a percentage under the new name", &[0.0, 1.0, 37.0], &[0, 10, 370]),
        ("a fleet between the two: each by itself, 1 in doubt as busy", &[0.5, 37.0, 1.0], &[500, 370, 1000]),
        ("an idle fleet", &[0.0, 0.0, 0.0], &[0, 0, 0]),
        ("blank values say nothing of the scale", &[BLANK, 0.5, 1.0], &[500, 1000]),
    ];
    for (name, values, expected) in cases {
        let fleet: Vec<_> =
            values.iter().zip(0..).map(|(value, gpu)| series(UTIL_RATIO, *value).gpu(gpu)).collect();
        let seen = read(&fleet);
        let used: Vec<u16> =
            seen.on("a").iter().filter_map(|gpu| Some(gpu.utilization?.value.get())).collect();
        assert_eq!(used, expected, "{name}");
    }
}

#[test]
fn two_dialects_at_once_give_one_answer() {
    let seen = read(&[series(UTIL, 40.0), series(UTIL_RATIO, 0.7), series(GR_RATIO, 0.2).gpu(1)]);
    let used: Vec<u16> = seen.on("a").iter().map(|gpu| gpu.utilization.unwrap().value.get()).collect();
    assert_eq!(used, [400, 200], "the name whose scale is beyond doubt first");
    assert_eq!(Vec::from_iter(seen.report.dialects), [Dialect::Dcgm48, Dialect::Dcgm49]);
}

#[test]
fn a_configured_dialect_reads_no_other() {
    let config = TelemetryConfig { dialect: DialectConfig::Dcgm49, ..TelemetryConfig::default() };
    let seen = read_in(&two_nodes(), &config, &[series(UTIL, 40.0), series(UTIL_RATIO, 0.7)]);
    assert_eq!((seen.utilization(), seen.report.series), (Some((700, GpuUtil)), 1));
}

#[test]
fn the_operators_own_query_is_scaled_and_joined_as_configured() {
    let custom = CustomDialect {
        utilization: "gpu_gfx_activity".to_owned(),
        scale: UtilizationScale::Percent,
        sampled_at: None,
        node_label: Some("where".to_owned()),
        uuid_label: "serial_number".to_owned(),
    };
    let config = TelemetryConfig { dialect: DialectConfig::Custom(custom), ..TelemetryConfig::default() };
    let amd = series("custom", 55.0)
        .without("Hostname")
        .without("UUID")
        .label("where", "b")
        .label("serial_number", "7");
    let seen = read_in(&two_nodes(), &config, &[amd, series(UTIL, 99.0)]);
    let gpu = seen.only();
    assert_eq!((&*gpu.uuid, seen.utilization()), ("7", Some((550, gpulse::cluster::Source::Custom))));
    assert_eq!(seen.on("b").len(), 1);
}

#[test]
fn of_duplicates_the_newest_counts() {
    let seen = read(&[
        series(SM, 0.9).label("instance", "10.1.1.1:9400").seconds_old(20),
        series(SM, 0.3).label("instance", "10.1.1.2:9400").seconds_old(5),
    ]);
    assert_eq!(seen.utilization(), Some((300, SmActive)));
}

#[test]
fn of_equally_new_duplicates_the_device_counts_and_not_a_pods_share_in_it() {
    let seen = read(&[
        series(UTIL, 90.0).used_by("p"),
        series(UTIL, 70.0).scraped(),
        series(UTIL, 20.0).used_by("q"),
    ]);
    assert_eq!(seen.utilization(), Some((700, GpuUtil)));
}

#[test]
fn without_a_twin_of_the_device_the_highest_counts() {
    let seen = read(&[series(UTIL, 20.0).used_by("p"), series(UTIL, 90.0).used_by("q")]);
    assert_eq!(
        (seen.utilization(), &seen.only().holder),
        (Some((900, GpuUtil)), &None),
        "two pods: no one holder"
    );
}

#[test]
fn a_leftover_of_a_better_metric_does_not_hide_what_is_new() {
    let seen = read(&[series(SM, 0.0).seconds_old(200), series(UTIL, 80.0)]);
    assert_eq!(seen.utilization(), Some((800, GpuUtil)));
}

#[test]
fn a_series_must_say_which_device() {
    let seen = read(&[
        series(SM, 0.5).without("UUID"),
        series(SM, 0.5).label("UUID", ""),
        series(SM, 0.5).label("GPU_I_ID", "first"),
        series(SM, 0.5).label("GPU_I_ID", "1"),
    ]);
    assert!(seen.samples.is_empty(), "{seen:?}");
    assert_eq!(seen.dropped(), [(DropReason::NoDevice, 4)], "the last for want of a profile");
}

#[test]
fn old_exporters_write_the_uuid_in_lower_case() {
    let seen = read(&[series(SM, 0.5).without("UUID").label("uuid", "GPU-old")]);
    assert_eq!(&*seen.only().uuid, "GPU-old");
}

#[test]
fn other_metrics_are_passed_over() {
    let seen = read(&[series("DCGM_FI_DEV_GPU_TEMP", 60.0), series("up", 1.0)]);
    assert_eq!((seen.samples.len(), seen.report.series), (0, 0));
}

/// Series as an exporter in any state might give them.
fn any_series() -> impl Strategy<Value = SeriesBuilder> {
    let metric =
        prop::sample::select(vec![SM, GR, UTIL, SM_RATIO, GR_RATIO, UTIL_RATIO, XID, "DCGM_FI_DEV_FB_USED"]);
    let value = prop_oneof![
        3 => 0.0..1.5,
        3 => (0..150_u32).prop_map(f64::from),
        1 => prop::sample::select(vec![BLANK, f64::NAN, f64::INFINITY, -1.0, 79.0, 1e300]),
        1 => any::<f64>(),
    ];
    let place = (0..2_u32, prop::option::of(0..2_u32), prop::sample::select(vec!["a", "b", "nowhere"]));
    let pod = prop::option::of(prop::sample::select(vec!["p", "q"]));
    (metric, value, place, pod, 0..200_u64).prop_map(|(metric, value, (gpu, mig, node), pod, age)| {
        let series = series(metric, value).gpu(gpu).on(node).seconds_old(age);
        let series = match mig {
            Some(id) => series.mig(id, "1g.10gb"),
            None => series,
        };
        pod.map_or(series.clone(), |pod| series.used_by(pod))
    })
}

proptest! {
    #[test]
    fn the_order_of_an_answer_changes_nothing(
        (answer, shuffled) in prop::collection::vec(any_series(), 0..24)
            .prop_flat_map(|answer| (Just(answer.clone()), Just(answer).prop_shuffle())),
    ) {
        prop_assert_eq!(read(&answer), read(&shuffled));
    }

    #[test]
    fn each_device_is_there_once_and_its_values_are_in_range(answer in prop::collection::vec(any_series(), 0..24)) {
        let seen = read(&answer);
        let all: Vec<_> = seen.samples.values().flat_map(|gpus| gpus.iter()).collect();
        let keys: std::collections::HashSet<_> =
            all.iter().map(|gpu| (gpu.uuid.clone(), gpu.mig.as_ref().map(|mig| mig.id))).collect();
        prop_assert_eq!(keys.len(), all.len());
        prop_assert!(all.iter().filter_map(|gpu| gpu.utilization).all(|used| used.value.get() <= 1000));
        prop_assert!(seen.samples.keys().all(|node| ["a", "b"].contains(&node.as_ref())));
    }
}
