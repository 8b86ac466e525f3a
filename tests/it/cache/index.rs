//! The pure index: what a sequence of watch events makes of the assembly.

use gpulse::cache::Index;
use gpulse::cluster::kubernetes::{Metadata, Reader};
use gpulse::cluster::{Assembly, Hold, ObjectError};
use kube::runtime::watcher::Event;
use serde_json::json;

use crate::support::{NodeBuilder, PodBuilder, node, pod};

/// An index and the assembly it writes to.
struct Cache {
    index: Index,
    assembly: Assembly,
}

fn cache() -> Cache {
    Cache { index: Index::new(Reader::default()), assembly: Assembly::default() }
}

impl Cache {
    fn node(&mut self, event: Event<NodeBuilder>) -> Option<ObjectError> {
        self.index.node(objects(event, |node| node.object()), &mut self.assembly)
    }

    fn pod(&mut self, event: Event<PodBuilder>) -> Option<ObjectError> {
        self.index.pod(objects(event, |pod| pod.object()), &mut self.assembly)
    }

    fn namespace(&mut self, event: Event<(&str, Option<&str>)>) -> bool {
        self.index.namespace(objects(event, |(name, profile)| {
            let metadata =
                json!({"name": name, "annotations": {"gpulse.dev/profile": profile.unwrap_or("")}});
            let mut metadata: Metadata = serde_json::from_value(metadata).unwrap();
            metadata.annotations.retain(|_, value| !value.is_empty());
            metadata
        }))
    }

    fn list_nodes(&mut self, nodes: impl IntoIterator<Item = NodeBuilder>) {
        self.node(Event::Init);
        nodes.into_iter().for_each(|node| drop(self.node(Event::InitApply(node))));
        self.node(Event::InitDone);
    }

    fn list_pods(&mut self, pods: impl IntoIterator<Item = PodBuilder>) {
        self.pod(Event::Init);
        pods.into_iter().for_each(|pod| drop(self.pod(Event::InitApply(pod))));
        self.pod(Event::InitDone);
    }

    /// Names of the nodes, sorted.
    fn nodes(&self) -> Vec<String> {
        let mut names: Vec<_> = self.assembly.nodes().map(|node| node.name.to_string()).collect();
        names.sort();
        names
    }

    /// Names of the pods that hold room and the nodes they hold it on, sorted.
    fn holds(&self) -> Vec<String> {
        let hold = |hold: Hold| if hold == Hold::Bound { "on" } else { "nominated to" };
        let pods = self.assembly.pods();
        let mut holds: Vec<_> =
            pods.map(|pod| format!("{} {} {}", pod.request.key.name, hold(pod.hold), pod.node)).collect();
        holds.sort();
        holds
    }
}

fn objects<A, B>(event: Event<A>, convert: impl Fn(A) -> B) -> Event<B> {
    match event {
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(convert(object)),
        Event::InitDone => Event::InitDone,
        Event::Apply(object) => Event::Apply(convert(object)),
        Event::Delete(object) => Event::Delete(convert(object)),
    }
}

#[test]
fn a_list_is_visible_while_it_runs() {
    let mut cache = cache();
    cache.node(Event::Init);
    cache.node(Event::InitApply(node("a").gpus(8)));
    assert_eq!(cache.nodes(), ["a"]);
    cache.node(Event::InitDone);
    assert_eq!(cache.nodes(), ["a"]);
}

#[test]
fn a_pod_holds_room_from_binding_or_nomination_to_its_end() {
    let mut cache = cache();
    cache.pod(Event::Apply(pod("p").gpus(1)));
    assert!(cache.holds().is_empty(), "a waiting pod holds nothing");
    cache.pod(Event::Apply(pod("p").gpus(1).nominated("a")));
    assert_eq!(cache.holds(), ["p nominated to a"]);
    cache.pod(Event::Apply(pod("p").gpus(1).nominated("a").on("b")));
    assert_eq!(cache.holds(), ["p on b"], "binding outweighs nomination");
    cache.pod(Event::Apply(pod("p").gpus(1).on("b").phase("Running").deleting()));
    assert_eq!(cache.holds(), ["p on b"], "a deletion under way frees nothing");
    cache.pod(Event::Apply(pod("p").gpus(1).on("b").phase("Succeeded")));
    assert!(cache.holds().is_empty(), "a pod that is over holds nothing");
}

#[test]
fn a_nomination_that_is_withdrawn_frees_the_room() {
    let mut cache = cache();
    cache.pod(Event::Apply(pod("p").nominated("a")));
    cache.pod(Event::Apply(pod("p")));
    assert!(cache.holds().is_empty());
}

#[test]
fn deletions_free_the_room() {
    let mut cache = cache();
    cache.list_nodes([node("a"), node("b")]);
    cache.list_pods([pod("p").on("a"), pod("q").on("a")]);
    cache.pod(Event::Delete(pod("p").on("a")));
    cache.node(Event::Delete(node("b")));
    assert_eq!((cache.nodes(), cache.holds()), (vec!["a".into()], vec!["q on a".into()]));
}

#[test]
fn a_failed_pod_of_the_same_name_in_another_namespace_frees_nothing() {
    let mut cache = cache();
    cache.pod(Event::Apply(pod("p").on("a")));
    cache.pod(Event::Apply(pod("p").namespace("other").on("a").phase("Failed")));
    assert_eq!(cache.holds(), ["p on a"]);
}

#[test]
fn what_a_second_list_does_not_name_is_gone_at_its_end_and_not_before() {
    let mut cache = cache();
    cache.list_nodes([node("a"), node("b")]);
    cache.list_pods([pod("p").on("a"), pod("q").on("b")]);

    cache.node(Event::Init);
    cache.pod(Event::Init);
    assert_eq!((cache.nodes().len(), cache.holds().len()), (2, 2), "what is known stays in use");
    cache.node(Event::InitApply(node("a")));
    cache.pod(Event::InitApply(pod("q").on("a")));
    assert_eq!(cache.holds(), ["p on a", "q on a"], "newer words are used at once");
    cache.node(Event::InitDone);
    cache.pod(Event::InitDone);
    assert_eq!((cache.nodes(), cache.holds()), (vec!["a".into()], vec!["q on a".into()]));
}

#[test]
fn a_list_that_breaks_off_and_starts_again_removes_nothing_that_is_there() {
    let mut cache = cache();
    cache.list_pods([pod("p").on("a"), pod("q").on("a")]);
    cache.pod(Event::Init);
    cache.pod(Event::InitApply(pod("p").on("a")));
    cache.list_pods([pod("q").on("a")]);
    assert_eq!(cache.holds(), ["q on a"], "only the complete list counts");
}

#[test]
fn a_pod_that_ended_while_nobody_watched_is_gone_after_the_list() {
    let mut cache = cache();
    cache.list_pods([pod("p").on("a")]);
    cache.list_pods([pod("p").on("a").phase("Succeeded")]);
    assert!(cache.holds().is_empty());
}

#[test]
fn an_unreadable_object_changes_nothing_and_is_reported_once_for_each_fault() {
    let mut cache = cache();
    cache.list_nodes([node("a").gpus(8)]);
    let broken = || node("a").offers("nvidia.com/gpu", "many");

    let error = cache.node(Event::Apply(broken())).unwrap();
    assert_eq!(error.object, "node a");
    assert!(error.to_string().contains("nvidia.com/gpu") && error.to_string().contains("many"), "{error}");
    assert_eq!(cache.node(Event::Apply(broken())), None, "known already");
    assert!(cache.node(Event::Apply(node("a").offers("nvidia.com/gpu", "none"))).is_some(), "another fault");
    assert_eq!(cache.index.unreadable_nodes(), 1);
    assert_eq!(cache.assembly.nodes().next().unwrap().pools[0].allocatable, 8);

    cache.list_nodes([broken()]);
    assert_eq!(cache.nodes(), ["a"], "a list that names it keeps it");
    cache.node(Event::Apply(node("a").gpus(4)));
    assert_eq!(cache.index.unreadable_nodes(), 0, "mended");
}

#[test]
fn an_unreadable_object_that_goes_is_forgotten() {
    let mut cache = cache();
    let broken = |name: &str| pod(name).on("a").asks("nvidia.com/gpu", "1.5");
    cache.list_pods([broken("p"), broken("q")]);
    assert_eq!((cache.index.unreadable_pods(), cache.index.unreadable().count()), (2, 2));
    cache.pod(Event::Delete(broken("p")));
    assert_eq!(cache.index.unreadable_pods(), 1);
    cache.list_pods([]);
    assert_eq!(cache.index.unreadable_pods(), 0);
}

#[test]
fn a_bound_pod_with_unreadable_wishes_still_holds_its_gpus() {
    let mut cache = cache();
    let error = cache.pod(Event::Apply(pod("p").gpus(2).on("a").models(",").gpu_memory("plenty")));
    assert_eq!(error, None);
    assert_eq!(cache.assembly.pods().map(|pod| pod.request.gpu_count()).sum::<u32>(), 2);
}

#[test]
fn namespaces_set_the_default_profile_of_their_pods() {
    let mut cache = cache();
    cache.namespace(Event::Init);
    assert!(cache.namespace(Event::InitApply(("batch", Some("pack")))));
    assert!(!cache.namespace(Event::InitApply(("web", None))), "nothing changes");
    assert!(!cache.namespace(Event::InitDone));
    assert_eq!(cache.index.profiles()["batch"].as_ref(), "pack");

    assert!(!cache.namespace(Event::Apply(("batch", Some("pack")))), "nothing changes");
    assert!(cache.namespace(Event::Apply(("batch", Some("spread")))));
    assert!(cache.namespace(Event::Apply(("batch", None))), "the annotation was removed");
    assert!(cache.index.profiles().is_empty());

    cache.namespace(Event::Apply(("batch", Some("pack"))));
    assert!(cache.namespace(Event::Delete(("batch", Some("pack")))));
    cache.namespace(Event::Apply(("batch", Some("pack"))));
    cache.namespace(Event::Init);
    assert!(cache.namespace(Event::InitDone), "deleted while nobody watched");
    assert!(cache.index.profiles().is_empty());
}
