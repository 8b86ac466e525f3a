//! What is remembered of decisions, and how they are explained.

use axum::http::StatusCode;
use gpulse::cluster::kubernetes::Reader;
use gpulse::extender::{ExplainReply, MAX_BYTES, MAX_DECISIONS, Origin, Profiles};
use gpulse::placement::{self, Candidate, NodeExplanation, Profile};
use serde_json::{Value, json};

use super::{Gpulse, a_cluster, gpulse, question, send};
use crate::support::{ClusterBuilder, PodBuilder, cluster, gpu, node, pod};

/// What kube-scheduler does for a pod: filter all, then rank what fits.
async fn schedule(gpulse: &Gpulse, pod: &PodBuilder, names: &[&str]) {
    let filtered = gpulse.ask("/filter", pod, names).await;
    let fitting: Vec<&str> =
        filtered["NodeNames"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    if fitting.len() > 1 {
        gpulse.ask("/prioritize", pod, &fitting).await;
    }
}

async fn explanation(gpulse: &Gpulse, pod: &str) -> ExplainReply {
    let answer = gpulse.get(&format!("/v1/explain?pod={pod}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// What the decision itself says of the pod over these nodes.
fn decision(cluster: &ClusterBuilder, pod: &PodBuilder, names: &[&str]) -> placement::Explanation {
    let snapshot = cluster.snapshot();
    let candidates: Vec<Candidate<'_>> = names.iter().map(|name| Candidate::named(&snapshot, name)).collect();
    placement::explain(&snapshot, &pod.request(), &Profile::standard("default"), &candidates)
}

/// As far as it concerns nodes that were not ranked: the score of a refused node means nothing.
fn unscored(node: &NodeExplanation) -> NodeExplanation {
    match node.rejected {
        Some(_) => NodeExplanation {
            utilization: None,
            confidence: Default::default(),
            parts: vec![],
            ..node.clone()
        },
        None => node.clone(),
    }
}

#[tokio::test]
async fn a_decision_is_explained_as_it_was_taken() {
    let stale = [gpu(0).busy(10).seconds_old(200), gpu(1).busy(30).seconds_old(200)];
    let cluster = a_cluster()
        .node(node("dark").gpus(8))
        .node(node("stale").gpus(2).measured(stale))
        .pod(pod("other").gpus(3).on("idle"));
    let names = ["idle", "never-seen", "busy", "full", "dark", "stale", "plain"];
    let asking = pod("p").gpus(1).cpu("4");
    let gpulse = gpulse(&cluster);
    schedule(&gpulse, &asking, &names).await;
    let explained = explanation(&gpulse, "default/p").await;
    assert_eq!((explained.origin, explained.ranked, &*explained.uid), (Origin::Decided, true, "uid-p"));
    let decided = decision(&cluster, &asking, &names);
    assert_eq!(explained.explanation.pod, decided.pod);
    assert_eq!(explained.explanation.strategy, decided.strategy);
    assert_eq!(explained.explanation.utilization_weight, decided.utilization_weight);
    assert_eq!(explained.explanation.nodes.len(), names.len());
    for (explained, decided) in explained.explanation.nodes.iter().zip(&decided.nodes) {
        let mut decided = unscored(decided);
        if decided.points < 10 {
            decided.parts.clear();
        }
        assert_eq!(*explained, decided);
    }
}

#[tokio::test]
async fn a_decision_outlives_the_cluster_that_it_was_taken_from() {
    let seen = std::sync::Arc::new(arc_swap::ArcSwap::from_pointee(a_cluster().snapshot()));
    let picture = {
        let seen = seen.clone();
        std::sync::Arc::new(move || gpulse::cluster::Snapshot::clone(&seen.load()))
    };
    let extender = gpulse::extender::Extender::new(picture, Reader::default(), Profiles::standard());
    let gpulse = Gpulse::of(extender, &Default::default(), Vec::new());
    schedule(&gpulse, &pod("p").gpus(1), &["idle", "busy"]).await;
    let before = explanation(&gpulse, "default/p").await;
    seen.store(std::sync::Arc::new(cluster().snapshot()));
    assert_eq!(explanation(&gpulse, "default/p").await, before);
}

#[tokio::test]
async fn a_pod_with_one_place_to_go_is_explained_by_its_filter_call() {
    let gpulse = gpulse(&a_cluster());
    schedule(&gpulse, &pod("p").gpus(1), &["idle", "full"]).await;
    let explained = explanation(&gpulse, "default/p").await;
    assert!(!explained.ranked);
    let [idle, full] = &explained.explanation.nodes[..] else { panic!("expected two nodes") };
    assert_eq!((idle.node.as_str(), idle.rejected), ("idle", None));
    assert_eq!(idle.pools[0].load.as_ref().unwrap().offered.get(), 0);
    assert_eq!(full.rejected, Some(placement::Reason::InsufficientGpus));
    assert_eq!((full.pools[0].capacity, full.pools[0].allocated), (8, 8));
}

#[tokio::test]
async fn the_newest_decision_on_a_pod_is_the_one_explained() {
    let gpulse = gpulse(&a_cluster());
    schedule(&gpulse, &pod("p").gpus(1), &["idle", "busy"]).await;
    schedule(&gpulse, &pod("p").gpus(1).uid("second"), &["busy"]).await;
    schedule(&gpulse, &pod("q").gpus(1), &["idle", "busy"]).await;
    let explained = explanation(&gpulse, "p").await;
    assert_eq!((&*explained.uid, explained.explanation.nodes.len()), ("second", 1));
}

#[tokio::test]
async fn a_manifest_is_explained_over_all_nodes() {
    let gpulse = gpulse(&a_cluster());
    let mut manifest = pod("p").gpus(1).json();
    manifest["kind"] = "Pod".into();
    let answer =
        send(&gpulse.admin_routes, axum::http::Method::POST, "/v1/explain", manifest.to_string()).await;
    let explained: ExplainReply = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(explained.origin, Origin::Now);
    let order = |nodes: &[NodeExplanation]| nodes.iter().map(|node| node.node.clone()).collect::<Vec<_>>();
    assert_eq!(order(&explained.explanation.nodes), ["idle", "busy", "full", "plain"]);
    let names = ["idle", "busy", "full", "plain"];
    assert_eq!(explained.explanation, decision(&a_cluster(), &pod("p").gpus(1), &names));
    assert!(gpulse.extender.decisions().is_empty(), "asking what would happen is no decision");
}

#[tokio::test]
async fn explain_says_what_it_cannot_do() {
    let gpulse = gpulse(&a_cluster());
    let get = async |query: &str| gpulse.get(&format!("/v1/explain{query}")).await;
    let post = async |query: &str, body: &str| {
        send(&gpulse.admin_routes, axum::http::Method::POST, &format!("/v1/explain{query}"), body.to_owned())
            .await
    };
    let check = |answer: super::Answer, status: StatusCode, text: &str| {
        assert_eq!(answer.status, status);
        assert!(answer.error().contains(text), "expected {text:?} in {:?}", answer.error());
    };
    check(
        get("?pod=default/p").await,
        StatusCode::NOT_FOUND,
        "no decision on pod default/p among the 0 kept",
    );
    check(get("").await, StatusCode::BAD_REQUEST, "expected ?pod=NAMESPACE/NAME");
    check(get("?pod=a/b/c").await, StatusCode::BAD_REQUEST, "expected a pod as NAMESPACE/NAME");
    check(get("?pood=a/b").await, StatusCode::BAD_REQUEST, "pood");
    check(post("", "").await, StatusCode::BAD_REQUEST, "not a Pod as JSON");
    check(
        post("", r#"{"kind":"Deployment"}"#).await,
        StatusCode::BAD_REQUEST,
        "expected kind Pod, found Deployment",
    );
    check(post("?profile=nope", "{}").await, StatusCode::BAD_REQUEST, "unknown profile \"nope\"");
    let absurd = pod("p").asks("cpu", "lots").json().to_string();
    check(
        post("", &absurd).await,
        StatusCode::BAD_REQUEST,
        "pod default/p: requests.cpu: expected a quantity",
    );
}

#[tokio::test]
async fn decisions_are_listed_newest_first() {
    let gpulse = gpulse(&a_cluster());
    schedule(&gpulse, &pod("p").gpus(1), &["idle", "busy", "full"]).await;
    schedule(&gpulse, &pod("q").gpus(1), &["full"]).await;
    let listed = gpulse.get("/v1/decisions").await.json();
    let of = |key: &str| listed.as_array().unwrap().iter().map(|row| row[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("pod"), ["default/q", "default/p", "default/p"]);
    assert_eq!(of("verb"), ["filter", "prioritize", "filter"]);
    assert_eq!(of("candidates"), [1, 2, 3]);
    assert_eq!(of("fit"), [0, 2, 2]);
    assert_eq!(
        of("refused"),
        [json!({"insufficient-gpus": 1}), Value::Null, json!({"insufficient-gpus": 1})]
    );
    assert_eq!(listed[1]["best"][0]["node"], "idle");
    assert_eq!(gpulse.get("/v1/decisions?limit=1").await.json().as_array().unwrap().len(), 1);
    assert_eq!(gpulse.get("/v1/decisions?pod=default/p").await.json().as_array().unwrap().len(), 2);
    let lines = gpulse.get("/v1/decisions?format=jsonl").await;
    assert_eq!(lines.headers["content-type"], "application/x-ndjson");
    let parsed: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(parsed), listed);
    assert_eq!(gpulse.get("/v1/decisions?limit=x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn no_more_than_the_bounds_is_remembered() {
    let gpulse = gpulse(&a_cluster());
    for turn in 0..MAX_DECISIONS + 10 {
        gpulse.ask("/filter", &pod(&format!("p{turn}")), &["idle"]).await;
    }
    let kept = gpulse.extender.decisions();
    assert_eq!(kept.len(), MAX_DECISIONS);
    assert_eq!(&*kept.recent(1, |_| true)[0].pod.name, format!("p{}", MAX_DECISIONS + 9));

    let names: Vec<String> = (0..5000).map(|i| format!("gpu-node-{i:05}.example.internal")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let body = question(&pod("big").gpus(1), &names);
    for _ in 0..40 {
        let _ = gpulse.extender.answer(gpulse::extender::Verb::Prioritize, None, body.as_bytes());
        assert!(kept.bytes() <= MAX_BYTES);
    }
    let summed: usize = kept.recent(usize::MAX, |_| true).iter().map(|decision| decision.bytes()).sum();
    assert_eq!(kept.bytes(), summed);
    assert!((15..40).contains(&kept.len()), "{} decisions kept", kept.len());
}
