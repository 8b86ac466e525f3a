//! A snapshot made offline, from kubectl's JSON.

use gpulse::cluster::kubernetes::{Dropped, ListError, Reader, snapshot_from_list};
use gpulse::cluster::{FreshnessPolicy, Snapshot};
use serde_json::{Value, json};

use crate::support::{NOW, node, pod};

fn read(list: &Value) -> Result<(Snapshot, Dropped), ListError> {
    snapshot_from_list(list.to_string().as_bytes(), &Reader::default(), NOW, FreshnessPolicy::default())
}

/// An item as kubectl prints it: with its kind.
fn item(kind: &str, mut object: Value) -> Value {
    object["kind"] = kind.into();
    object["apiVersion"] = "v1".into();
    object
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": Vec::from_iter(items)})
}

#[test]
fn nodes_and_pods_in_any_order_make_a_snapshot() {
    let (snapshot, dropped) = read(&list([
        item("Pod", pod("p").gpus(2).on("a").json()),
        item("Node", node("a").gpus(8).json()),
        item("Node", node("b").gpus(4).json()),
    ]))
    .unwrap();
    assert_eq!((snapshot.node_count(), snapshot.as_of), (2, NOW));
    assert_eq!(snapshot.node("a").unwrap().pool("nvidia.com/gpu").unwrap().1.allocated, 2);
    assert_eq!(dropped, Dropped::default());
    assert_eq!(dropped.to_string(), "");
}

#[test]
fn what_is_dropped_is_said_with_its_reason() {
    let (snapshot, dropped) = read(&list([
        item("Node", node("a").gpus(8).json()),
        item("Node", node("broken").offers("nvidia.com/gpu", "many").json()),
        item("Node", json!({"metadata": {"name": 7}})),
        item("Pod", pod("lost").gpus(1).on("elsewhere").json()),
        item("Pod", pod("waiting").gpus(1).json()),
        item("Pod", pod("over").gpus(1).on("a").phase("Succeeded").json()),
        item("Service", json!({"metadata": {"name": "s"}})),
        item("Service", json!({"metadata": {"name": "t"}})),
    ]))
    .unwrap();
    assert_eq!(snapshot.node_count(), 1);
    let text = dropped.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[0].contains("node broken") && lines[0].contains("many"), "{text}");
    assert!(lines[1].contains("items[2]") && lines[1].contains("a Node"), "{text}");
    assert!(lines[2].contains("default/lost") && lines[2].contains("elsewhere"), "{text}");
    assert!(lines[3].contains("2 pods"), "{text}");
    assert!(lines[4].contains("2 of kind \"Service\""), "{text}");
}

#[test]
fn an_object_that_is_there_twice_counts_once_and_is_said() {
    let (snapshot, dropped) = read(&list([
        item("Node", node("a").gpus(8).json()),
        item("Node", node("a").gpus(4).json()),
        item("Pod", pod("p").gpus(1).on("a").json()),
        item("Pod", pod("p").gpus(2).on("a").json()),
        item("Pod", pod("p").gpus(2).on("a").namespace("other").json()),
    ]))
    .unwrap();
    let (facts, pool) =
        snapshot.node("a").unwrap().pool("nvidia.com/gpu").map(|(f, p)| (f.clone(), p.allocated)).unwrap();
    assert_eq!((facts.capacity, pool), (8, 3));
    let text = dropped.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("node a: metadata.name") && lines[1].contains("pod default/p"), "{text}");
}

#[test]
fn typed_lists_whose_items_have_no_kind_are_read_too() {
    let nodes = json!({"kind": "NodeList", "items": [node("a").gpus(8).json()]});
    assert_eq!(read(&nodes).unwrap().0.node_count(), 1);
    let pods = json!({"kind": "PodList", "items": [pod("p").on("a").json()]});
    assert_eq!(read(&pods).unwrap().1.pods_without_node.len(), 1);
}

#[test]
fn other_documents_are_refused_with_what_to_pass() {
    let other = json!({"kind": "Table", "items": []});
    for error in [read(&other).err(), read(&json!({"items": []})).err(), read(&json!([])).err()] {
        assert!(error.unwrap().to_string().contains("kubectl get nodes,pods"));
    }
    let truncated =
        snapshot_from_list(b"{\"kind\": \"List\", \"it", &Reader::default(), NOW, FreshnessPolicy::default());
    assert!(truncated.unwrap_err().to_string().contains("line 1"));
}
