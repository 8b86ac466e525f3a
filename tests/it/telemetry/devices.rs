//! What else an answer says of a device: its instances, memory, health, and who holds it.

use gpulse::cluster::{Health, Mib, PodKey};
use gpulse::telemetry::{DropReason, TelemetryConfig};

use super::language::{
    BLANK, GR, SM, SeriesBuilder, UTIL, UTIL_RATIO, XID, read, read_in, series, two_nodes,
};
use crate::support::pod;

#[test]
fn instances_of_one_gpu_are_devices_of_their_own() {
    let seen = read(&[
        series(GR, 0.1).mig(1, "1g.10gb"),
        series(GR, 0.9).mig(2, "2g.20gb"),
        series("DCGM_FI_DEV_FB_USED", 100.0).mig(2, "2g.20gb"),
        series("DCGM_FI_DEV_FB_FREE", 900.0).mig(2, "2g.20gb"),
    ]);
    let gpus = seen.on("a");
    let instances: Vec<_> =
        gpus.iter().map(|gpu| gpu.mig.clone().unwrap()).map(|mig| (mig.id, mig.profile)).collect();
    assert_eq!(instances, [(1, "1g.10gb".into()), (2, "2g.20gb".into())]);
    assert_eq!(gpus.iter().map(|gpu| gpu.memory_total).collect::<Vec<_>>(), [None, Some(Mib(1000))]);
}

#[test]
fn nvml_does_not_measure_instances() {
    let seen = read(&[series(UTIL, 0.0).mig(1, "1g.10gb"), series(UTIL_RATIO, 0.0).mig(1, "1g.10gb")]);
    assert_eq!((seen.utilization(), seen.dropped()), (None, vec![(DropReason::GpuUtilOfMig, 2)]));
}

#[test]
fn a_pod_that_is_gone_holds_nothing() {
    let seen = read(&[series(SM, 0.9).used_by("old").seconds_old(30), series(SM, 0.3).used_by("new")]);
    assert_eq!(seen.only().holder, Some(PodKey::new("default", "new")));
    let seen = read(&[series(SM, 0.9).used_by("old").seconds_old(30), series(SM, 0.0).scraped()]);
    assert_eq!(seen.only().holder, None);
}

#[test]
fn the_pod_that_prometheus_moved_aside_holds_the_gpu() {
    assert_eq!(
        read(&[series(SM, 0.5).used_by("train")]).only().holder,
        Some(PodKey::new("default", "train"))
    );
}

#[test]
fn the_exporters_own_pod_holds_no_gpu() {
    let cluster = two_nodes().pod(pod("exporter").namespace("gpu-operator").on("a"));
    let seen = read_in(&cluster, &TelemetryConfig::default(), &[series(SM, 0.0).scraped()]);
    assert_eq!(seen.only().holder, None);
}

#[test]
fn with_honored_labels_a_known_pod_that_asks_for_gpus_holds_the_gpu() {
    let cluster = two_nodes().pod(pod("train").gpus(1).on("a"));
    let used = |name: &str| series(SM, 0.5).label("pod", name).label("namespace", "default");
    let config = TelemetryConfig::default();
    assert_eq!(read_in(&cluster, &config, &[used("train")]).only().holder, Some(pod("train").key()));
    assert_eq!(read_in(&cluster, &config, &[used("nobody-knows")]).only().holder, None);
}

#[test]
fn the_first_exporters_named_the_pod_otherwise() {
    let seen = read(&[series(SM, 0.5).scraped().label("pod_name", "train").label("pod_namespace", "ml")]);
    assert_eq!(seen.only().holder, Some(PodKey::new("ml", "train")));
}

/// Memory series by the end of their names, and what is made of them: used and in all, in MiB.
#[test]
fn memory_is_the_sum_of_its_parts_or_the_capacity() {
    const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
    type Case<'a> = (&'a str, &'a [(&'a str, f64)], Option<u64>, Option<u64>);
    let cases: [Case<'_>; 9] = [
        ("dcgm 4.8", &[("USED", 1000.0), ("FREE", 80_000.0), ("RESERVED", 500.0)], Some(1000), Some(81_500)),
        (
            "dcgm 4.9",
            &[("USED_BYTES", GIB), ("FREE_BYTES", 79.0 * GIB), ("CAPACITY_BYTES", 81.0 * GIB)],
            Some(1024),
            Some(81 * 1024),
        ),
        ("before the reserved part", &[("USED", 1000.0), ("FREE", 80_000.0)], Some(1000), Some(81_000)),
        ("one part tells no total", &[("USED", 1000.0)], Some(1000), None),
        ("all zero: not reported", &[("USED", 0.0), ("FREE", 0.0), ("RESERVED", 0.0)], None, None),
        ("blank is not zero", &[("USED", BLANK), ("FREE", 80_000.0)], None, None),
        ("both dialects: one answer", &[("USED", 1000.0), ("USED_BYTES", GIB)], Some(1000), None),
        ("a pod's share is less than the device's", &[("USED", 10.0), ("USED", 1000.0)], Some(1000), None),
        ("more used than there is", &[("USED", 3000.0), ("CAPACITY_BYTES", GIB)], None, None),
    ];
    for (name, parts, used, total) in cases {
        let parts = parts.iter().map(|(part, value)| series(&format!("DCGM_FI_DEV_FB_{part}"), *value));
        let seen = read(&parts.chain([series(SM, 0.5)]).collect::<Vec<_>>());
        let gpu = seen.only();
        assert_eq!((gpu.memory_used, gpu.memory_total), (used.map(Mib), total.map(Mib)), "{name}");
    }
}

#[test]
fn a_fatal_xid_makes_a_gpu_unhealthy_even_where_nothing_else_is_measured() {
    assert_eq!(read(&[series(XID, 79.0)]).only().health, Health::FatalXid(79));
    assert_eq!(read(&[series("DCGM_FI_DEV_XID_ERROR", 79.0)]).only().health, Health::FatalXid(79));
    for harmless in [0.0, 13.0, 31.0, BLANK, f64::NAN, -1.0, 1e9] {
        assert_eq!(read(&[series(XID, harmless)]).only().health, Health::Healthy, "{harmless}");
    }
    let config = TelemetryConfig { fatal_xids: vec![13], ..TelemetryConfig::default() };
    assert_eq!(read_in(&two_nodes(), &config, &[series(XID, 13.0)]).only().health, Health::FatalXid(13));
    assert_eq!(read_in(&two_nodes(), &config, &[series(XID, 79.0)]).only().health, Health::Healthy);
}

/// A process that is ended for the first error leaves the second.
#[test]
fn a_fatal_xid_stays_fatal_when_a_harmless_one_follows() {
    let count = |name, code: u32, count| series(name, count).label("xid", &code.to_string());
    for name in ["gpulse_gpu_xid_errors_total", "DCGM_EXP_XID_ERRORS_TOTAL"] {
        let health = |counts: &[SeriesBuilder]| {
            read(&[&[series(XID, 45.0), series(SM, 0.1)], counts].concat()).only().health
        };
        assert_eq!(health(&[count(name, 48, 1.0), count(name, 45, 1.0)]), Health::FatalXid(48), "{name}");
        assert_eq!(health(&[count(name, 48, 0.0), count(name, 45, 9.0)]), Health::Healthy, "{name}");
        assert_eq!(health(&[count(name, 79, 1.0).gpu(1)]), Health::Healthy, "another GPU's {name}");
    }
    let odd = read(&[series(SM, 0.1), series("gpulse_gpu_xid_errors_total", 1.0)]);
    assert_eq!((odd.only().health, odd.dropped()), (Health::Healthy, vec![(DropReason::NotANumber, 1)]));
}

#[test]
fn what_is_fatal_to_a_gpu_is_fatal_to_its_instances() {
    let seen = read(&[series(XID, 48.0), series(GR, 0.1).mig(1, "1g.10gb")]);
    assert!(seen.on("a").iter().all(|gpu| gpu.health == Health::FatalXid(48)), "{seen:?}");
    let seen =
        read(&[series(XID, 0.0), series(XID, 48.0).mig(1, "1g.10gb"), series(GR, 0.1).mig(2, "1g.10gb")]);
    let sick: Vec<_> = seen.on("a").iter().map(|gpu| gpu.health).collect();
    assert_eq!(sick, [Health::Healthy, Health::FatalXid(48), Health::Healthy]);
}
