//! Snapshots as files.

use gpulse::cluster::{FreshnessPolicy, Snapshot};
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::{NOW, cluster, gpu, node, pod};

fn rich() -> Snapshot {
    let policy =
        FreshnessPolicy { fresh_for: Duration::from_millis(1500), expires_after: Duration::from_secs(60) };
    cluster()
        .freshness(policy)
        .node(
            node("b")
                .shared_gpus(2, 4)
                .model("NVIDIA-A10-SHARED")
                .gpu_memory_mib(23_028)
                .internal_ip("10.0.0.2"),
        )
        .node(node("a").gpus(2).mig("1g.10gb", 7).measured([
            gpu(0).busy(37).seconds_old(12).memory_mib(100, 81_559).held_by("p").model("NVIDIA H100"),
            gpu(1).sick(79),
            gpu(1).mig(3, "1g.10gb").busy(5),
        ]))
        .pod(pod("p").gpus(1).cpu("4").memory("16Gi").on("a").owner("job").models("H100").gpu_memory("40Gi"))
        .pod(pod("q").gpus(1).nominated("b").priority(7).profile("pack"))
        .snapshot()
}

fn saved(snapshot: &Snapshot) -> Vec<u8> {
    let mut file = Vec::new();
    snapshot.save(&mut file).unwrap();
    file
}

/// What loading says of the saved document with this change.
fn complaint(change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_slice(&saved(&rich())).unwrap();
    change(&mut document);
    Snapshot::load(document.to_string().as_bytes()).unwrap_err().to_string()
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let before = rich();
    let after = Snapshot::load(saved(&before).as_slice()).unwrap();
    assert_eq!((after.as_of, after.freshness), (before.as_of, before.freshness));
    assert_eq!(after.node_count(), 2);
    for node in before.nodes() {
        assert_eq!(after.node(node.name()), Some(node));
    }
    assert_eq!(saved(&after), saved(&before), "and the same file again");
}

#[test]
fn nodes_are_saved_by_name_whatever_their_order() {
    let forward = cluster().node(node("a")).node(node("b")).snapshot();
    let backward = cluster().node(node("b")).node(node("a")).snapshot();
    assert_eq!(saved(&forward), saved(&backward));
    let empty = Snapshot::empty(NOW);
    assert_eq!(Snapshot::load(saved(&empty).as_slice()).unwrap().node_count(), 0);
}

#[test]
fn other_documents_are_refused_by_kind() {
    let error = complaint(|document| document["kind"] = "List".into());
    assert!(error.contains("kind Snapshot") && error.contains("\"List\""), "{error}");
    let error = complaint(|document| document["apiVersion"] = "gpulse.dev/v2".into());
    assert!(error.contains("gpulse.dev/v1alpha1") && error.contains("gpulse.dev/v2"), "{error}");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": []}).to_string();
    let error = Snapshot::load(list.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("\"List\""), "the kind is what is wrong, not the missing fields: {error}");
}

#[test]
fn faults_are_located() {
    let error = complaint(|document| document["nodez"] = json!([]));
    assert!(error.contains("nodez") && error.contains("line"), "{error}");
    let error = complaint(|document| document["nodes"][0]["cpu"] = "4".into());
    assert!(error.contains("expected u64"), "{error}");
    let error = complaint(|document| document["nodes"][0]["pods"][0]["models"] = json!(["-"]));
    assert!(error.contains("GPU model"), "{error}");
    assert!(Snapshot::load(&b"{\"kind\": "[..]).unwrap_err().to_string().contains("not a snapshot"));
    assert!(Snapshot::load(&b""[..]).is_err());
}
