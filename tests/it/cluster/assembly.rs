//! Where the feeds meet: any order of words gives the same picture, and a change copies only what changed.

use std::sync::Arc;

use gpulse::cluster::{Assembly, Board, FreshnessPolicy, Node, Samples, Snapshot};

use crate::support::{NOW, NodeBuilder, PodBuilder, cluster, gpu, node, pod};

/// An assembly that tests write words of the feeds to.
#[derive(Default)]
struct Picture(Assembly);

impl Picture {
    fn node(&mut self, node: &NodeBuilder) -> &mut Self {
        self.0.apply_node(node.facts());
        self
    }

    fn pod(&mut self, pod: &PodBuilder) -> &mut Self {
        self.0.apply_pod(pod.bound().unwrap());
        self
    }

    fn samples(&mut self, nodes: &[NodeBuilder]) -> &mut Self {
        let devices = nodes.iter().map(|node| (Arc::from(node.name()), node.devices()));
        self.0.apply_samples(Samples::from_iter(devices));
        self
    }

    fn snapshot(&mut self) -> Snapshot {
        self.0.snapshot(NOW, FreshnessPolicy::default())
    }
}

/// GPUs taken on a node; `None` where it is not known.
fn taken(snapshot: &Snapshot, node: &str) -> Option<u32> {
    Some(snapshot.node(node)?.pool("nvidia.com/gpu")?.1.allocated)
}

fn same(a: Option<&Arc<Node>>, b: Option<&Arc<Node>>) -> bool {
    Arc::ptr_eq(a.unwrap(), b.unwrap())
}

#[test]
fn the_order_of_the_feeds_does_not_matter() {
    let a = node("a").gpus(8).busy(&[50, 0]);
    let p = pod("p").gpus(2).on("a");
    let mut forward = Picture::default();
    let mut backward = Picture::default();
    let forward = forward.node(&a).pod(&p).samples(std::slice::from_ref(&a)).snapshot();
    backward.samples(std::slice::from_ref(&a)).snapshot();
    backward.pod(&p).snapshot();
    assert_eq!(backward.snapshot().node_count(), 0, "pods and samples alone are no node");
    let backward = backward.node(&a).snapshot();
    assert_eq!(forward.node("a"), backward.node("a"));
    assert_eq!(taken(&backward, "a"), Some(2));
}

#[test]
fn a_pod_that_moves_is_counted_once() {
    let mut picture = Picture::default();
    picture.node(&node("a").gpus(8)).node(&node("b").gpus(8)).pod(&pod("p").gpus(2).nominated("a"));
    assert!(picture.snapshot().node("a").unwrap().nominated_against(&pod("q").request()).count() == 1);
    let snapshot = picture.pod(&pod("p").gpus(2).on("b")).snapshot();
    assert_eq!((taken(&snapshot, "a"), taken(&snapshot, "b")), (Some(0), Some(2)));
    assert!(snapshot.node("a").unwrap().pods().is_empty());
}

#[test]
fn a_pod_that_changes_is_counted_as_it_is_now() {
    let mut picture = Picture::default();
    picture.node(&node("a").gpus(8)).pod(&pod("p").gpus(2).on("a")).snapshot();
    let snapshot = picture.pod(&pod("p").uid("another").gpus(3).on("a")).snapshot();
    assert_eq!(taken(&snapshot, "a"), Some(3), "recreated under the same name");
    picture.0.delete_pod(&pod("p").key());
    picture.0.delete_pod(&pod("unheard-of").key());
    assert_eq!(taken(&picture.snapshot(), "a"), Some(0));
}

#[test]
fn nominated_pods_count_against_equal_and_lower_priority_only() {
    let a =
        cluster().node(node("a").gpus(8)).pod(pod("vip").gpus(4).priority(10).nominated("a")).look_at("a");
    let against =
        |name: &str, priority: i32| a.nominated_against(&pod(name).priority(priority).request()).count();
    assert_eq!([against("p", 9), against("p", 10), against("p", 11)], [1, 1, 0]);
    assert_eq!(against("vip", 10), 0, "not against itself");
    assert_eq!(a.pool("nvidia.com/gpu").unwrap().1.allocated, 0, "nominated is not bound");
}

#[test]
fn a_deleted_node_leaves_and_its_slot_is_used_again() {
    let mut picture = Picture::default();
    for name in ["a", "b", "c"] {
        picture.node(&node(name).gpus(8));
    }
    picture.pod(&pod("p").gpus(2).on("b")).snapshot();
    picture.0.delete_node("b");
    let without = picture.snapshot();
    assert_eq!((without.node_count(), without.nodes().count()), (2, 2));
    assert!(without.node("b").is_none());

    let with_new = picture.node(&node("d").gpus(4)).snapshot();
    let names: Vec<_> = with_new.nodes().map(|node| node.name().to_string()).collect();
    assert_eq!(names, ["a", "d", "c"], "the table does not grow");
    let back = picture.node(&node("b").gpus(8)).snapshot();
    assert_eq!(taken(&back, "b"), Some(2), "pods stay known until they are deleted themselves");
    assert_eq!(without.node_count(), 2, "older snapshots stay as they were");
}

#[test]
fn a_node_deleted_and_added_between_two_snapshots_stays() {
    let mut picture = Picture::default();
    picture.node(&node("a").gpus(8)).snapshot();
    picture.0.delete_node("a");
    assert_eq!(picture.node(&node("a").gpus(4)).snapshot().node_count(), 1);
    picture.0.delete_node("a");
    picture.0.delete_node("unheard-of");
    assert_eq!(picture.snapshot().node_count(), 0);
}

#[test]
fn a_refresh_replaces_all_measurements() {
    let measured = |name: &str, percent| node(name).gpus(1).busy(&[percent]);
    let mut picture = Picture::default();
    let first = picture
        .node(&measured("a", 10))
        .node(&measured("b", 10))
        .samples(&[measured("a", 10), measured("b", 10)])
        .snapshot();
    let second = picture.samples(&[measured("a", 90)]).snapshot();
    let load = |snapshot: &Snapshot, name: &str| {
        snapshot.node(name).unwrap().pool("nvidia.com/gpu").unwrap().1.load.map(|load| load.all.get())
    };
    assert_eq!((load(&first, "a"), load(&first, "b")), (Some(100), Some(100)));
    assert_eq!(
        (load(&second, "a"), load(&second, "b")),
        (Some(900), None),
        "what is not in it is not measured"
    );
}

#[test]
fn nothing_new_changes_nothing() {
    let a = node("a").gpus(8).measured([gpu(0).busy(20)]);
    let p = pod("p").gpus(1).on("a");
    let mut picture = Picture::default();
    let before = picture.node(&a).pod(&p).samples(std::slice::from_ref(&a)).snapshot();
    let after = picture.node(&a).pod(&p).samples(std::slice::from_ref(&a)).snapshot();
    assert!(same(before.node("a"), after.node("a")));
}

#[test]
fn a_change_to_one_node_leaves_the_others_shared() {
    let names: Vec<String> = (0..200).map(|index| format!("n{index}")).collect();
    let mut picture = Picture::default();
    for name in &names {
        picture.node(&node(name).gpus(8));
    }
    let before = picture.snapshot();
    let after = picture.pod(&pod("p").gpus(1).on("n100")).snapshot();
    for name in &names {
        assert_eq!(same(before.node(name), after.node(name)), name != "n100", "{name}");
    }
    assert_eq!((taken(&before, "n100"), taken(&after, "n100")), (Some(0), Some(1)));
}

#[test]
fn a_board_shows_each_update_whole() {
    let board = Board::new(FreshnessPolicy::default());
    assert_eq!(board.snapshot(NOW).node_count(), 0);
    let told = board.update(|assembly| {
        cluster().node(node("a").gpus(8)).pod(pod("p").gpus(8).on("a")).write(assembly);
        assert_eq!(board.snapshot(NOW).node_count(), 0, "not before it is complete");
        "told"
    });
    assert_eq!(told, "told");
    assert_eq!(taken(&board.snapshot(NOW), "a"), Some(8));
    assert_eq!(board.read(|assembly| (assembly.nodes().count(), assembly.pods().count())), (1, 1));
    assert!(board.read(|assembly| assembly.pod(&pod("p").key()).is_some()));
}

#[test]
fn a_board_survives_a_writer_that_panics() {
    let board = cluster().node(node("a").gpus(8)).board();
    let writer = std::panic::AssertUnwindSafe(|| board.update(|_| panic!("in the middle of a word")));
    assert!(std::panic::catch_unwind(writer).is_err());
    board.update(|assembly| assembly.apply_pod(pod("p").gpus(1).on("a").bound().unwrap()));
    assert_eq!(taken(&board.snapshot(NOW), "a"), Some(1));
}
