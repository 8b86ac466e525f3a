//! What is answered to requests that are right.

use axum::http::StatusCode;
use gpulse::placement::Reason;
use serde_json::{Value, json};

use super::{Gpulse, a_cluster, gpulse, question};
use crate::support::{NodeBuilder, PodBuilder, cluster, gpu, node, pod};

async fn by_objects(gpulse: &Gpulse, path: &str, pod: &PodBuilder, nodes: &[NodeBuilder]) -> Value {
    let items: Vec<Value> = nodes.iter().map(NodeBuilder::json).collect();
    let body = json!({"Pod": pod.json(), "Nodes": {"metadata": {}, "items": items}, "NodeNames": null});
    let answer = gpulse.post(path, body.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.json()
}

#[tokio::test]
async fn unknown_nodes_fit_and_have_no_points() {
    let gpulse = gpulse(&a_cluster());
    let filtered = gpulse.ask("/filter", &pod("p").gpus(1), &["never-seen", "idle"]).await;
    assert_eq!(filtered["NodeNames"], json!(["never-seen", "idle"]));
    let ranked = gpulse.ask("/prioritize", &pod("p").gpus(1), &["never-seen", "idle"]).await;
    assert_eq!(ranked, json!([{"Host": "never-seen", "Score": 0}, {"Host": "idle", "Score": 10}]));
}

#[tokio::test]
async fn odd_lists_are_answered_in_their_order() {
    let gpulse = gpulse(&a_cluster());
    let names = ["", "idle", "full", "idle", "ü \"x\"", "full"];
    let filtered = gpulse.ask("/filter", &pod("p").gpus(1), &names).await;
    assert_eq!(filtered["NodeNames"], json!(["", "idle", "idle", "ü \"x\""]));
    assert_eq!(filtered["FailedAndUnresolvableNodes"].as_object().unwrap().len(), 1);
    let nobody = gpulse.ask("/filter", &pod("p").gpus(1), &[]).await;
    assert_eq!(nobody["NodeNames"], json!([]));
    assert_eq!(gpulse.ask("/prioritize", &pod("p").gpus(1), &[]).await, json!([]));
}

#[tokio::test]
async fn every_refusal_is_final_and_its_text_constant() {
    let nodes = [
        node("gone"),
        node("other-model").gpus(8).model("NVIDIA-A10").gpu_memory_mib(24_000),
        node("nameless").gpus(8),
        node("small").gpus(8).model("NVIDIA-H100-PCIe").gpu_memory_mib(10_000),
        node("unsized").gpus(8).model("NVIDIA-H100-PCIe"),
        node("taken").gpus(8).model("NVIDIA-H100-PCIe").gpu_memory_mib(80_000),
        node("sick").gpus(1).model("NVIDIA-H100-PCIe").gpu_memory_mib(80_000).measured([gpu(0).sick(79)]),
        node("slow").gpus(8).model("NVIDIA-H100-PCIe").gpu_memory_mib(80_000).cpu("1"),
        node("tight").gpus(8).model("NVIDIA-H100-PCIe").gpu_memory_mib(80_000).memory("1Gi"),
    ];
    let names = ["gone", "other-model", "nameless", "small", "unsized", "taken", "sick", "slow", "tight"];
    let gpulse = gpulse(&cluster().nodes(nodes).pod(pod("resident").gpus(8).on("taken")));
    let asking = pod("p").gpus(1).cpu("4").memory("8Gi").models("H100").gpu_memory("40Gi");
    let first = gpulse.ask("/filter", &asking, &names).await;
    let texts: Vec<&str> =
        names.iter().map(|name| first["FailedAndUnresolvableNodes"][name].as_str().unwrap()).collect();
    assert_eq!(texts, Reason::ALL.map(Reason::text));
    assert_eq!(first["FailedNodes"], Value::Null);
    assert_eq!(first["NodeNames"], json!([]));
    assert_eq!(gpulse.ask("/filter", &asking, &names).await, first);
}

#[tokio::test]
async fn an_unseen_node_is_judged_from_the_object_in_the_request() {
    let gpulse = gpulse(&a_cluster());
    let nodes = [node("fresh").gpus(8), node("fresh-small").gpus(1), node("idle").gpus(8)];
    let filtered = by_objects(&gpulse, "/filter", &pod("p").gpus(4), &nodes).await;
    assert_eq!(filtered["Nodes"]["items"], json!([nodes[0].json(), nodes[2].json()]));
    assert_eq!(filtered["NodeNames"], Value::Null);
    assert_eq!(
        filtered["FailedAndUnresolvableNodes"],
        json!({"fresh-small": Reason::InsufficientGpus.text()})
    );
    let ranked = by_objects(&gpulse, "/prioritize", &pod("p").gpus(1), &nodes[1..]).await;
    assert_eq!(ranked[0]["Host"], "fresh-small");
    assert_eq!(ranked[0]["Score"], 10, "binpack fills the node that the pod completes: {ranked}");
}

#[tokio::test]
async fn a_known_node_is_judged_by_what_gpulse_knows_and_not_by_the_object() {
    let gpulse = gpulse(&a_cluster());
    let filtered = by_objects(&gpulse, "/filter", &pod("p").gpus(1), &[node("full").gpus(64)]).await;
    assert_eq!(filtered["FailedAndUnresolvableNodes"], json!({"full": Reason::InsufficientGpus.text()}));
}

#[tokio::test]
async fn an_unseen_node_that_cannot_be_read_counts_as_unknown() {
    let gpulse = gpulse(&a_cluster());
    let absurd = node("absurd").offers("nvidia.com/gpu", "-3");
    let filtered = by_objects(&gpulse, "/filter", &pod("p").gpus(1), std::slice::from_ref(&absurd)).await;
    assert_eq!(filtered["Nodes"]["items"], json!([absurd.json()]));
}

#[tokio::test]
async fn a_request_of_many_objects_is_answered_too() {
    let gpulse = gpulse(&a_cluster());
    let padding = "x".repeat(20_000);
    let nodes: Vec<NodeBuilder> =
        (0..100).map(|i| node(&format!("n{i}")).gpus(8).label("padding", &padding)).collect();
    let filtered = by_objects(&gpulse, "/filter", &pod("p").gpus(1), &nodes).await;
    assert_eq!(filtered["Nodes"]["items"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn replies_are_json_with_their_length_and_nothing_that_would_close_the_connection() {
    let gpulse = gpulse(&a_cluster());
    let answer = gpulse.post("/filter", question(&pod("p").gpus(1), &["idle"])).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["content-length"], answer.body.len().to_string());
    assert!(!answer.headers.contains_key("transfer-encoding") && !answer.headers.contains_key("connection"));
}
