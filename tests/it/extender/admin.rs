//! Health, metrics and the snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use gpulse::cluster::Snapshot;
use gpulse::cluster::kubernetes::Reader;
use gpulse::extender::{Check, Extender, ExtenderConfig, Profiles};

use super::{Gpulse, a_cluster, gpulse, request_answer};
use crate::support::pod;

#[tokio::test]
async fn ready_is_ready_when_every_check_holds() {
    let synced = Arc::new(AtomicBool::new(false));
    let check = |name, holds: Arc<AtomicBool>| Check {
        name,
        ok: Box::new(move || match holds.load(Ordering::Relaxed) {
            true => Ok("4 nodes".to_owned()),
            false => Err("still listing pods".to_owned()),
        }),
    };
    let checks = vec![check("cluster", synced.clone()), check("profiles", Arc::new(AtomicBool::new(true)))];
    let snapshot = a_cluster().snapshot();
    let extender = Extender::new(Arc::new(move || snapshot.clone()), Reader::default(), Profiles::standard());
    let gpulse = Gpulse::of(extender, &ExtenderConfig::default(), checks);
    let answer = gpulse.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        answer.text(),
        "[-]cluster failed: still listing pods\n[+]profiles ok: 4 nodes\n[+]shutdown ok: not asked for\nreadyz check failed\n"
    );
    assert_eq!(gpulse.get("/livez").await.text(), "ok");
    synced.store(true, Ordering::Relaxed);
    assert_eq!(gpulse.get("/readyz").await.text(), "ok");
    let verbose = gpulse.get("/readyz?verbose").await;
    assert_eq!(verbose.status, StatusCode::OK);
    assert!(
        verbose.text().starts_with("[+]cluster ok: 4 nodes\n")
            && verbose.text().ends_with("readyz check passed\n")
    );
}

/// A sample of the text format: family, labels, value.
type Sample = (String, Vec<(String, String)>, f64);

fn samples(text: &str) -> Vec<Sample> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let pairs = labels.trim_end_matches('}').split(',').filter(|pair| !pair.is_empty());
            let pair = |pair: &str| {
                let (key, value) = pair.split_once("=\"").unwrap();
                (key.to_owned(), value.strip_suffix('"').unwrap().to_owned())
            };
            (name.to_owned(), pairs.map(pair).collect(), value.parse().unwrap())
        })
        .collect()
}

fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("no series {series} in\n{text}"))
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn metrics_count_what_was_asked_and_answered() {
    let gpulse = gpulse(&a_cluster());
    gpulse.ask("/filter", &pod("p").gpus(1), &["idle", "busy", "full"]).await;
    gpulse.ask("/filter", &pod("p").gpus(9), &["idle", "busy", "full"]).await;
    gpulse.ask("/prioritize", &pod("p").gpus(1), &["idle", "busy"]).await;
    gpulse.post("/prioritize", "{").await;
    let answer = gpulse.get("/metrics").await;
    let text = answer.text();
    assert_eq!(
        value(
            text,
            r#"gpulse_request_duration_seconds_count{verb="filter",strategy="binpack",outcome="answered"}"#
        ),
        1.0
    );
    assert_eq!(
        value(
            text,
            r#"gpulse_request_duration_seconds_count{verb="filter",strategy="binpack",outcome="none-fits"}"#
        ),
        1.0
    );
    assert_eq!(
        value(
            text,
            r#"gpulse_request_duration_seconds_count{verb="prioritize",strategy="none",outcome="error"}"#
        ),
        1.0
    );
    assert_eq!(value(text, r#"gpulse_candidates_sum{verb="filter"}"#), 6.0);
    assert_eq!(value(text, r#"gpulse_decisions_total{verb="prioritize",profile="default"}"#), 1.0);
    assert_eq!(value(text, r#"gpulse_rejections_total{reason="insufficient-gpus"}"#), 4.0);
    assert_eq!(value(text, r#"gpulse_rejections_total{reason="wrong-model"}"#), 0.0);
    assert_eq!(value(text, r#"gpulse_telemetry_mode{mode="partial"}"#), 1.0);
    assert_eq!(value(text, r#"gpulse_telemetry_mode{mode="live"}"#), 0.0);
    assert_eq!(value(text, "gpulse_telemetry_refresh_age_seconds"), 1.5);
    assert!(!text.contains("gpulse_telemetry_sample_age_seconds"), "what is not known is absent, not zero");
    assert_eq!(value(text, "gpulse_telemetry_join_ratio"), 0.5);
    assert_eq!(value(text, "gpulse_telemetry_refresh_failures_total"), 2.0);
    assert_eq!(value(text, "gpulse_cluster_synced"), 1.0);
    assert!(text.contains(concat!("gpulse_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1")));
    assert!(value(text, "process_resident_memory_bytes") > 1e6);
    assert!(value(text, "process_open_fds") > 2.0);
}

#[tokio::test]
async fn metrics_are_well_formed_and_their_labels_bounded() {
    let gpulse = gpulse(&a_cluster());
    for turn in 0..50 {
        let asking = pod(&format!("stranger-{turn}")).gpus(1).namespace(&format!("stranger-{turn}"));
        gpulse.ask("/filter", &asking, &[&format!("stranger-{turn}")]).await;
        gpulse.post(&format!("/profiles/stranger-{turn}/filter"), "{}").await;
        gpulse
            .post("/filter", super::question(&asking.profile(&format!("stranger-{turn}")), &["idle"]))
            .await;
    }
    let text = gpulse.get("/metrics").await.text().to_owned();
    assert!(!text.contains("stranger"), "a name from a request became a label");
    assert!(text.ends_with("# EOF\n"));
    let known = ["verb", "strategy", "outcome", "profile", "reason", "mode", "version", "le"];
    for (name, labels, value) in samples(&text) {
        assert!(name.starts_with("gpulse_") || name.starts_with("process_"), "{name}");
        assert!(labels.iter().all(|(key, _)| known.contains(&key.as_str())), "{name} {labels:?}");
        assert!(!value.is_nan(), "{name}");
    }
}

#[tokio::test]
async fn metrics_come_in_the_format_that_was_asked_for() {
    let gpulse = gpulse(&a_cluster());
    let accepting = async |accept: &str| {
        let request = Request::get("/metrics").header("accept", accept).body(Body::empty()).unwrap();
        let answer = request_answer(&gpulse.admin_routes, request).await;
        answer.headers["content-type"].to_str().unwrap().to_owned()
    };
    let prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    assert!(accepting(prometheus).await.starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(accepting("*/*").await.starts_with("text/plain; version=0.0.4"));
}

#[tokio::test]
async fn the_snapshot_can_be_saved_and_decides_the_same() {
    let gpulse = gpulse(&a_cluster());
    let saved = gpulse.get("/v1/snapshot").await;
    let replayed = Gpulse::new(Snapshot::load(&saved.body[..]).unwrap(), Profiles::standard());
    let names = ["idle", "busy", "full", "plain"];
    assert_eq!(
        replayed.ask("/prioritize", &pod("p").gpus(1), &names).await,
        gpulse.ask("/prioritize", &pod("p").gpus(1), &names).await
    );
}

#[tokio::test]
async fn the_port_tells_what_is_here() {
    let gpulse = gpulse(&a_cluster());
    for path in ["/livez", "/readyz", "/metrics", "/v1/snapshot", "/v1/decisions", "/v1/explain"] {
        assert!(gpulse.get("/").await.text().contains(path));
    }
    let lost = gpulse.get("/v2").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert_eq!(lost.error(), "no such path: /v2; GET / lists what is here");
    let wrong = super::send(&gpulse.admin_routes, axum::http::Method::POST, "/metrics", "").await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
}
