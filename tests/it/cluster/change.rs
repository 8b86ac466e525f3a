//! Changes from one picture to the next: who follows them sees the same cluster.

use std::sync::Arc;

use gpulse::cluster::{Assembly, Change, FreshnessPolicy, PodKey, Replica, Samples, Snapshot};
use proptest::prelude::*;

use crate::support::{NOW, cluster, node, pod};

/// What happens to a cluster of a few nodes and pods.
#[derive(Debug, Clone)]
enum Event {
    Node { name: usize, gpus: u32 },
    NodeGone { name: usize },
    Pod { name: usize, gpus: u32, node: usize },
    PodGone { name: usize },
    Measured { node: usize, percent: u16 },
    Looked,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..4_usize, 1..9_u32).prop_map(|(name, gpus)| Event::Node { name, gpus }),
        (0..4_usize).prop_map(|name| Event::NodeGone { name }),
        (0..6_usize, 0..4_u32, 0..4_usize).prop_map(|(name, gpus, node)| Event::Pod { name, gpus, node }),
        (0..6_usize).prop_map(|name| Event::PodGone { name }),
        (0..4_usize, 0..100_u16).prop_map(|(node, percent)| Event::Measured { node, percent }),
        Just(Event::Looked),
        Just(Event::Looked),
    ]
}

impl Event {
    fn happen(&self, assembly: &mut Assembly) {
        let node_name = |number: &usize| format!("n{number}");
        match self {
            Self::Node { name, gpus } => assembly.apply_node(node(&node_name(name)).gpus(*gpus).facts()),
            Self::NodeGone { name } => assembly.delete_node(&node_name(name)),
            Self::Pod { name, gpus, node } => {
                let bound = pod(&format!("p{name}")).gpus(*gpus).on(&node_name(node)).bound();
                assembly.apply_pod(bound.unwrap());
            }
            Self::PodGone { name } => assembly.delete_pod(&PodKey::new("default", format!("p{name}"))),
            Self::Measured { node: number, percent } => {
                let name = node_name(number);
                let measured = node(&name).busy(&[*percent]).devices();
                assembly.apply_samples(Samples::from_iter([(Arc::from(name.as_str()), measured)]));
            }
            Self::Looked => {}
        }
    }
}

/// The change as it arrives: written and read.
fn sent(before: Option<&Snapshot>, after: &Snapshot) -> Change {
    serde_json::from_str(&serde_json::to_string(&Change::between(before, after)).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn a_replica_sees_what_was_seen(events in proptest::collection::vec(event(), 1..60)) {
        let (mut assembly, mut replica, mut before) = (Assembly::default(), Replica::default(), None);
        for event in &events {
            event.happen(&mut assembly);
            if !matches!(event, Event::Looked) {
                continue;
            }
            let after = assembly.snapshot(NOW, FreshnessPolicy::default());
            replica.apply(sent(before.as_ref(), &after));
            let seen = replica.snapshot(NOW);
            prop_assert_eq!(seen.node_count(), after.node_count());
            for node in after.nodes() {
                prop_assert_eq!(seen.node(node.name()), Some(node));
            }
            prop_assert_eq!(seen.mix(), after.mix());
            before = Some(after);
        }
    }
}

#[test]
fn a_change_has_what_changed_and_nothing_else() {
    let cluster = cluster().node(node("a").gpus(8)).node(node("b").gpus(8)).pod(pod("p").gpus(1).on("a"));
    let mut assembly = Assembly::default();
    cluster.write(&mut assembly);
    let before = assembly.snapshot(NOW, FreshnessPolicy::default());
    assert!(Change::between(Some(&before), &before).is_empty());
    assert!(!Change::between(None, &before).is_empty());
    assembly.apply_node(node("b").gpus(4).facts());
    let after = assembly.snapshot(NOW, FreshnessPolicy::default());
    let change = serde_json::to_value(Change::between(Some(&before), &after)).unwrap();
    let names: Vec<&str> =
        change["nodes"].as_array().unwrap().iter().filter_map(|node| node["name"].as_str()).collect();
    assert_eq!(names, ["b"]);
    assert!(change.get("gone").is_none() && change.get("mix").is_none());
    // Pictures of two gpulses have nothing to do with each other.
    let other = cluster.snapshot();
    let change = serde_json::to_value(Change::between(Some(&before), &other)).unwrap();
    assert_eq!(change["nodes"].as_array().unwrap().len(), 2);
}
