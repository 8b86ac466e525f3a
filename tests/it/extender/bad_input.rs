//! Requests that are wrong: a clear word for each, and nothing changed.

use std::num::NonZeroU64;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use gpulse::cluster::kubernetes::Reader;
use gpulse::extender::{Extender, ExtenderConfig, Profiles};

use super::{Gpulse, a_cluster, gpulse, question, send};
use crate::support::pod;

/// Both verbs answer the body with status 200 and this text in `Error`, and remember nothing.
async fn refused(body: impl Into<Vec<u8>>, text: &str) {
    let body = body.into();
    let gpulse = gpulse(&a_cluster());
    for path in ["/filter", "/prioritize", "/profiles/default/filter"] {
        let answer = gpulse.post(path, body.clone()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.error().contains(text), "expected {text:?} in {:?}", answer.error());
    }
    assert!(gpulse.extender.decisions().is_empty());
}

#[tokio::test]
async fn bodies_that_are_no_request() {
    refused("", "the body is empty").await;
    refused(" \n", "the body is empty").await;
    refused("pod=x&nodes=y", "not ExtenderArgs").await;
    refused("[1,2]", "expected an object with Pod and Nodes or NodeNames").await;
    refused("null", "expected an object with Pod and Nodes or NodeNames").await;
    refused([0xff, 0xfe, 0x00], "not ExtenderArgs").await;
    let whole = question(&pod("p").gpus(1), &["idle"]);
    refused(&whole[..whole.len() - 3], "EOF while parsing").await;
    refused(format!("{whole}{whole}"), "trailing characters").await;
}

#[tokio::test]
async fn keys_in_the_wrong_case_are_named() {
    refused(r#"{"pod":{},"nodenames":["a"]}"#, "expected key Pod, found pod").await;
    refused(r#"{"Pod":{},"nodenames":["a"]}"#, "expected key NodeNames, found nodenames").await;
    refused(r#"{"Pod":{},"nodeNames":["a"]}"#, "expected key NodeNames, found nodeNames").await;
    refused(r#"{"Pod":{},"node_names":["a"]}"#, "expected key NodeNames, found node_names").await;
    refused(r#"{"Pod":{},"nodes":{"items":[]}}"#, "expected key Nodes, found nodes").await;
}

#[tokio::test]
async fn parts_that_are_missing_or_of_another_kind() {
    refused(r#"{"NodeNames":["a"]}"#, "expected a Pod, found none").await;
    refused(r#"{"Pod":null,"NodeNames":["a"]}"#, "expected a Pod, found none").await;
    refused(r#"{"Pod":{},"Nodes":null,"NodeNames":null}"#, "Nodes and NodeNames are both null").await;
    refused(r#"{"Pod":{}}"#, "Nodes and NodeNames are both null").await;
    refused(r#"{"Pod":{},"NodeNames":[1]}"#, "expected a name in quotes, found 1").await;
    refused(r#"{"Pod":{},"Nodes":{"items":[{"metadata":{}}]}}"#, "Nodes.items[0] is not a node").await;
}

#[tokio::test]
async fn a_pod_that_cannot_be_read_is_named_with_its_field() {
    let absurd = pod("p").asks("nvidia.com/gpu", "1.5").json();
    let body = serde_json::json!({"Pod": absurd, "NodeNames": ["idle"]}).to_string();
    refused(body, "pod default/p: nvidia.com/gpu: expected a whole number of devices").await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_unread() {
    let config =
        ExtenderConfig { max_body_bytes: NonZeroU64::new(1000).unwrap(), ..ExtenderConfig::default() };
    let snapshot = a_cluster().snapshot();
    let extender = Extender::new(Arc::new(move || snapshot.clone()), Reader::default(), Profiles::standard());
    let gpulse = Gpulse::of(extender, &config, Vec::new());
    let answer = gpulse.post("/filter", vec![b' '; 1001]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        answer.error().contains("larger than 1000 bytes; raise server.maxBodyBytes"),
        "{}",
        answer.error()
    );
}

#[tokio::test]
async fn other_methods_and_paths_are_told_what_is_here() {
    let gpulse = gpulse(&a_cluster());
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = send(&gpulse.routes, method.clone(), "/filter", "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers["allow"], "POST");
        assert!(answer.error().contains(&format!("expected POST, found {method}")), "{}", answer.error());
    }
    for path in ["/", "/Filter", "/filter/", "/scheduler/filter", "/profiles/default", "/metrics"] {
        let answer = gpulse.post(path, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.error().contains("/profiles/NAME/filter"), "{}", answer.error());
    }
}

#[tokio::test]
async fn a_panic_is_answered_and_counted_and_the_next_request_is_served() {
    let snapshot = a_cluster().snapshot();
    let broken = std::sync::atomic::AtomicBool::new(true);
    let picture = move || match broken.swap(false, std::sync::atomic::Ordering::Relaxed) {
        true => panic!("a bug"),
        false => snapshot.clone(),
    };
    let extender = Extender::new(Arc::new(picture), Reader::default(), Profiles::standard());
    let gpulse = Gpulse::of(extender, &ExtenderConfig::default(), Vec::new());
    let body = question(&pod("p").gpus(1), &["idle"]);
    let answer = gpulse.post("/filter", body.clone()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.error().contains("internal error"));
    assert_eq!(gpulse.post("/filter", body).await.json()["NodeNames"][0], "idle");
    assert!(gpulse.get("/metrics").await.text().contains("gpulse_panics_total 1\n"));
}
