//! Clusters as a gpulse saved them: what is bound stays bound.

use gpulse_simulator::cluster::{PodRequest, Snapshot};
use gpulse_simulator::input::{is_json, read_snapshot};
use gpulse_simulator::workload::{PodTable, Workload};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{saved_node, saved_pod, saved_snapshot};

fn read(document: &Value) -> Snapshot {
    read_snapshot("cluster.json", document.to_string().as_bytes()).unwrap()
}

fn complaint(text: &str) -> String {
    read_snapshot("cluster.json", text.as_bytes()).unwrap_err().to_string()
}

/// A workload of a snapshot's nodes and pods that ask for so many of these resources.
fn workload(nodes: &[Value], asked: &[(&str, u32)]) -> Workload {
    let mut pods = PodTable::default();
    for (resource, count) in asked {
        let request: PodRequest = serde_json::from_value(saved_pod("p", resource, *count)).unwrap();
        pods.add(request);
    }
    Workload::new(read(&saved_snapshot(nodes)), pods).unwrap()
}

const GPU: &str = "nvidia.com/gpu";
const MIG: &str = "nvidia.com/mig-1g.10gb";

#[test]
fn whole_gpus_that_bound_pods_hold_are_held_and_the_paper_can_be_asked() {
    let mut node = saved_node("a", GPU, json!("whole"), 8);
    node["pods"] = json!([bound("q", GPU, 3, "bound"), bound("r", GPU, 2, "nominated")]);
    let workload = workload(&[node, saved_node("b", GPU, json!("whole"), 4)], &[(GPU, 2), (GPU, 2)]);
    assert_eq!((workload.capacity_milli, workload.held_milli), (12_000, 3_000));
    assert_eq!(workload.classes[0].gpu_milli, 2_000);
    assert_eq!(workload.beyond_paper, None);
    assert!(workload.unknown_resources.is_empty());
    let names: Vec<&str> =
        workload.slots.iter().map(|slot| &**workload.snapshot.at(*slot).unwrap().name()).collect();
    assert_eq!(names, ["a", "b"], "by name");
}

#[test]
fn a_share_of_a_time_sliced_gpu_is_its_part_of_it() {
    let mut node = saved_node("a", GPU, json!({"shared": {"replicas": 4}}), 8);
    node["pods"] = json!([bound("q", GPU, 3, "bound")]);
    let workload = workload(&[node], &[(GPU, 1)]);
    assert_eq!((workload.capacity_milli, workload.held_milli), (2_000, 750));
    assert_eq!(workload.classes[0].gpu_milli, 250);
    assert_snapshot!(workload.beyond_paper.unwrap(), @"node a offers nvidia.com/gpu in shares that the device plugin hands out");
}

#[test]
fn a_mig_instance_counts_as_a_gpu() {
    let mut node = saved_node("a", MIG, json!({"mig": {"profile": "1g.10gb"}}), 7);
    node["pods"] = json!([bound("q", MIG, 1, "bound")]);
    let workload = workload(&[node], &[(MIG, 2), (GPU, 1), (GPU, 8)]);
    assert_eq!((workload.capacity_milli, workload.held_milli), (7_000, 1_000));
    assert_eq!(workload.classes[0].gpu_milli, 2_000);
    assert_snapshot!(workload.beyond_paper.unwrap(), @"node a offers nvidia.com/mig-1g.10gb");
    assert_eq!(workload.unknown_resources, [(GPU.to_owned(), 2)].into());
}

#[test]
fn a_snapshot_is_known_by_its_brace() {
    for (text, expected) in [(" \r\n\t{}", true), ("\u{feff}{}", true), ("sn,gpu\n", false), ("", false)] {
        let mut source = text.as_bytes();
        assert_eq!(is_json("f", &mut source).unwrap(), expected, "{text:?}");
        assert!(!source.starts_with("\u{feff}".as_bytes()), "the mark is gone");
    }
}

#[test]
fn what_is_no_snapshot_is_refused() {
    assert_snapshot!(complaint(r#"{"kind": "List"}"#), @r#"cluster.json: expected apiVersion gpulse.dev/v1alpha1 and kind Snapshot, found "" and "List""#);
    assert_snapshot!(complaint("{"), @"cluster.json: not a snapshot: EOF while parsing an object at line 1 column 1");
    let node = || saved_node("a", GPU, json!("whole"), 8);
    assert_snapshot!(complaint(&saved_snapshot(&[node(), node()]).to_string()), @"cluster.json: node a is there twice: expected each node and each pod once");
    let (mut one, mut other) = (node(), saved_node("b", GPU, json!("whole"), 8));
    one["pods"] = json!([bound("q", GPU, 1, "bound")]);
    other["pods"] = one["pods"].clone();
    assert_snapshot!(complaint(&saved_snapshot(&[one, other]).to_string()), @"cluster.json: pod default/q is there twice: expected each node and each pod once");
    let mut odd = node();
    odd["rack"] = "r7".into();
    assert_snapshot!(complaint(&saved_snapshot(&[odd]).to_string()), @"cluster.json: not a snapshot: unknown field `rack` at line 1 column 325");
    let mut odd = node();
    odd["pods"] = json!([bound("q", GPU, 1, "bound")]);
    odd["pods"][0]["colour"] = "red".into();
    assert_snapshot!(complaint(&saved_snapshot(&[odd]).to_string()), @"cluster.json: not a snapshot: unknown field `colour` at line 1 column 393");
}

fn bound(name: &str, resource: &str, count: u32, hold: &str) -> Value {
    let mut pod = saved_pod(name, resource, count);
    pod["node"] = "a".into();
    pod["hold"] = hold.into();
    pod
}
