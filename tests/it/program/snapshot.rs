//! `gpulse snapshot`: what is saved is what gpulse decides from.

use gpulse::cluster::Snapshot;
use serde_json::{Value, json};

use super::serve::{Server, idle_and_busy};
use super::{file, folder, run, run_with};
use crate::support::{node, pod};

#[tokio::test]
async fn a_running_gpulse_hands_out_its_snapshot() {
    let folder = folder();
    let server = Server::of(&idle_and_busy(), &folder, "");
    let saved = run(&["snapshot", "--server", &server.admin]).good();
    let snapshot = Snapshot::load(saved.as_bytes()).unwrap();
    for node in idle_and_busy().snapshot().nodes() {
        assert_eq!(snapshot.node(node.name()), Some(node));
    }
}

/// What `kubectl get nodes,pods -A -o json` prints.
fn kubectl() -> Value {
    let of_kind = |kind: &str, mut object: Value| {
        object["kind"] = kind.into();
        object
    };
    json!({"apiVersion": "v1", "kind": "List", "items": [
        of_kind("Node", node("a").gpus(4).label("zone", "z1").json()),
        of_kind("Pod", pod("train").gpus(3).on("a").json()),
        of_kind("Pod", pod("waiting").gpus(1).json()),
        of_kind("Pod", pod("lost").gpus(1).on("gone").json()),
    ]})
}

#[test]
fn one_is_made_offline_from_kubectl() {
    let run = run_with(&["snapshot", "--from-kubectl", "-"], &kubectl().to_string());
    assert!(run.stderr.contains("pod default/lost: its node gone is not in the list"), "{}", run.stderr);
    let snapshot = Snapshot::load(run.good().as_bytes()).unwrap();
    let node = snapshot.node("a").unwrap();
    let (facts, pool) = node.pool("nvidia.com/gpu").unwrap();
    assert_eq!((pool.allocated, pool.free(facts)), (3, 1));
    assert!(node.facts().labels.is_empty());
}

#[test]
fn the_configuration_says_which_labels_are_kept() {
    let folder = folder();
    let config = file(
        &folder,
        "gpulse.yaml",
        "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\nprofiles:\n\
         - {name: default, strategy: affinity, affinity: {labels: [{key: zone, weight: 1}]}}\n",
    );
    let arguments = ["snapshot", "--from-kubectl", "-", "--config", config.to_str().unwrap()];
    let snapshot = Snapshot::load(run_with(&arguments, &kubectl().to_string()).good().as_bytes()).unwrap();
    assert_eq!(snapshot.node("a").unwrap().facts().labels.get("zone").map(AsRef::as_ref), Some("z1"));
}

#[test]
fn what_is_no_list_is_refused() {
    for (text, expected) in [
        ("{}", "expected the JSON of `kubectl get nodes,pods"),
        ("{\"kind\":\"Service\",\"items\":[]}", "expected kind List, NodeList or PodList, found \"Service\""),
    ] {
        let run = run_with(&["snapshot", "--from-kubectl", "-"], text);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}
