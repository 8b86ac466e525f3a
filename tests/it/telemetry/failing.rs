//! What happens when the source fails, or answers half.

use std::sync::Arc;
use std::time::Duration;

use gpulse::clock;
use gpulse::telemetry::{Mode, TelemetryStatus, backoff};

use super::edge::{Edge, both, prometheus};
use super::fake::{Fake, Reply, busy, rows};
use super::language::two_nodes;

/// Each failure says what came and what to check, leaves what was known, and is over when the source is back.
#[tokio::test]
async fn a_failing_source_is_named_and_the_old_measurements_age() {
    let html =
        |status, text: &str| Reply::Text(status, "text/html", format!("<html>\n <b>{text}</b></html>"));
    let json = |status, text: &str| Reply::Text(status, "application/json", text.to_owned());
    let cases: [(Reply, &[&str]); 15] = [
        (
            html(401, "Authorization Required"),
            &["401 Unauthorized", "Authorization Required", "bearerTokenFile"],
        ),
        (html(403, "no"), &["403 Forbidden", "basicAuth"]),
        (html(404, "nothing here"), &["404 Not Found", "path in url"]),
        (html(502, "Bad Gateway"), &["502 Bad Gateway", "<b>Bad Gateway</b>"]),
        (json(500, r#"{"message":"no upstream"}"#), &["500", "no upstream"]),
        (Reply::Text(503, "text/plain", String::new()), &["503 Service Unavailable: nothing more"]),
        (html(200, "please log in"), &["expected JSON", "text/html", "please log in"]),
        (Reply::Login, &["302 Found", "https://login.example.com/"]),
        (json(200, "{\"status\":\"succ"), &["not an answer of the query API", "EOF"]),
        (json(200, "[]"), &["not an answer of the query API"]),
        (json(200, r#"{"status":"success"}"#), &["success"]),
        (
            json(422, r#"{"status":"error","errorType":"execution","error":"too many samples"}"#),
            &["422", "execution: too many samples"],
        ),
        (Reply::BrokenOff, &["broken off"]),
        (Reply::Silence, &["no answer within 400ms"]),
        (Reply::Halting, &["no answer within 400ms"]),
    ];
    let fake = Fake::start(both(70, 10)).await;
    let mut edge = Edge::of(&fake);
    for (reply, expected) in cases {
        fake.answer(both(70, 10));
        edge.mode(Mode::Live).await;
        let before = edge.gpu("a");
        fake.answer(reply);
        let status = edge.mode(Mode::Down).await;
        let error = status.last_error.as_deref().unwrap();
        assert!(expected.iter().all(|part| error.contains(part)), "{error}\nlacks one of {expected:?}");
        assert_eq!((edge.gpu("a"), edge.busy("b")), (before, Some(100)), "{error}");
    }
}

#[tokio::test]
async fn a_source_that_is_not_there_is_named() {
    let fake = Fake::start(both(1, 1)).await;
    let url = fake.url();
    let source = prometheus(&fake, |_| {});
    drop(fake);
    let status = Edge::start(two_nodes().board(), source).mode(Mode::Down).await;
    let error = status.last_error.as_deref().unwrap();
    assert!(error.starts_with(&format!("cannot reach {url}: ")), "{error}");
    assert_eq!((status.refreshes_ok, status.last_success), (0, None));
}

#[tokio::test]
async fn a_half_answer_is_partial_and_what_it_leaves_out_ages() {
    let fake = Fake::start(both(70, 10)).await;
    let mut edge = Edge::of(&fake);
    edge.mode(Mode::Live).await;
    let before = edge.gpu("b");
    fake.answer(rows(busy("a", 20, clock::now())));
    let status = edge.mode(Mode::Partial).await;
    assert_eq!((status.report.nodes_joined, status.report.gpu_nodes), (1, 2));
    assert_eq!((edge.busy("a"), edge.gpu("b")), (Some(200), before));
    fake.answer(both(70, 10));
    edge.mode(Mode::Live).await;
}

#[tokio::test]
async fn an_answer_that_measures_no_node_is_as_bad_as_none_and_says_why() {
    let fake = Fake::start(rows([])).await;
    let mut edge = Edge::of(&fake);
    let why = |status: &Arc<TelemetryStatus>| status.last_error.clone().unwrap();
    assert!(why(&edge.mode(Mode::Down).await).contains("no GPU metrics"));
    fake.answer(rows(busy("elsewhere", 20, clock::now())));
    let status = edge.until(|status| status.report.unjoined_series == 1).await;
    assert_eq!(status.mode, Mode::Down);
    assert!(why(&status).contains("telemetry.nodeLabels"), "{status:?}");
}

#[test]
fn retries_come_sooner_than_refreshes_and_never_all_at_once() {
    let interval = Duration::from_secs(16);
    let pauses = |jitter: f64| {
        (1..=5).map(|failures| backoff(failures, interval, jitter).as_secs()).collect::<Vec<_>>()
    };
    assert_eq!(pauses(0.0), [2, 4, 8, 16, 16]);
    assert_eq!(pauses(1.0), [1, 2, 4, 8, 8]);
    assert_eq!(backoff(u32::MAX, interval, 0.0), interval);
}
