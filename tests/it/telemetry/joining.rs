//! Which node a series is about.

use gpulse::telemetry::TelemetryConfig;

use super::language::{SM, SeriesBuilder, read, read_in, series, two_nodes};
use crate::support::{cluster, node, pod};

/// A series whose node no label tells.
fn nowhere() -> SeriesBuilder {
    series(SM, 0.5).without("Hostname")
}

#[test]
fn any_of_the_labels_may_hold_the_node() {
    for label in TelemetryConfig::default().node_labels {
        let seen = read(&[nowhere().label(&label, "b")]);
        assert_eq!((seen.on("b").len(), seen.report.node_label.as_deref()), (1, Some(label.as_str())));
    }
}

#[test]
fn an_address_with_or_without_a_port_is_as_good_as_a_name() {
    let ipv6 = two_nodes().node(node("six").gpus(1).internal_ip("fd00::6"));
    for (instance, expected) in [
        ("10.0.0.2", "b"),
        ("10.0.0.2:9400", "b"),
        ("b:9400", "b"),
        ("[fd00::6]:9400", "six"),
        ("fd00::6", "six"),
    ] {
        let seen = read_in(&ipv6, &TelemetryConfig::default(), &[nowhere().label("instance", instance)]);
        assert_eq!(seen.on(expected).len(), 1, "{instance}");
    }
}

#[test]
fn the_label_that_fits_most_series_is_asked_first() {
    // Prometheus runs on `a` and stamps its own node on everything; the exporter knows better.
    let stamped = |gpu: u32, host: &str| series(SM, 0.5).gpu(gpu).on(host).label("exported_instance", "a");
    let unstamped = |gpu: u32| series(SM, 0.5).gpu(gpu).on("b");
    let seen = read(&[stamped(0, "b"), stamped(1, "b"), unstamped(2)]);
    assert_eq!(seen.report.node_label.as_deref(), Some("Hostname"));
    assert_eq!((seen.on("a").len(), seen.on("b").len()), (0, 3));
}

#[test]
fn of_labels_that_fit_alike_the_configured_order_decides() {
    let series = [nowhere().label("node", "a").label("hostname", "b")];
    assert_eq!(read(&series).on("a").len(), 1);
    let node_labels = vec!["hostname".to_owned(), "node".to_owned()];
    let config = TelemetryConfig { node_labels, ..TelemetryConfig::default() };
    assert_eq!(read_in(&two_nodes(), &config, &series).on("b").len(), 1);
}

#[test]
fn a_fleet_between_two_generations_joins_whole() {
    let seen = read(&[
        series(SM, 0.5),
        nowhere().label("hostname", "b").gpu(1),
        nowhere().label("hostname", "b").gpu(2),
    ]);
    assert_eq!((seen.on("a").len(), seen.on("b").len(), seen.report.unjoined_series), (1, 2, 0));
}

#[test]
fn where_no_label_fits_the_exporters_pod_tells_the_node() {
    let cluster = two_nodes().pod(pod("exporter").namespace("gpu-operator").on("b"));
    // Old deployments name the exporter's pod where the node should be, or `localhost`.
    for host in ["exporter", "localhost"] {
        let series = [series(SM, 0.5).on(host).label("instance", "172.16.0.9:9400").scraped()];
        let seen = read_in(&cluster, &TelemetryConfig::default(), &series);
        assert_eq!((seen.on("b").len(), seen.report.node_label.clone()), (1, None), "{host}");
    }
}

#[test]
fn the_pod_that_uses_the_gpu_tells_the_node_as_well() {
    let cluster = two_nodes().pod(pod("train").gpus(1).on("b"));
    let seen = read_in(&cluster, &TelemetryConfig::default(), &[nowhere().used_by("train")]);
    assert_eq!(seen.on("b").len(), 1);
}

#[test]
fn series_of_no_known_node_are_counted_and_left_out() {
    let seen = read(&[series(SM, 0.5), series(SM, 0.5).gpu(1).on("gone"), nowhere().gpu(2)]);
    assert_eq!((seen.report.gpus, seen.report.unjoined_series), (1, 2));
}

#[test]
fn the_join_rate_is_of_the_nodes_that_offer_gpus() {
    let cluster = cluster().node(node("a").gpus(8)).node(node("b").gpus(8)).node(node("cpu-only"));
    let seen = read_in(&cluster, &TelemetryConfig::default(), &[series(SM, 0.5), series(SM, 0.5).gpu(1)]);
    assert_eq!((seen.report.nodes_joined, seen.report.gpu_nodes), (1, 2));
}
