//! From watch events to the assembly: pure, so that tests drive it without a cluster.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use kube::runtime::watcher::Event;

use super::names::Names;
use crate::cluster::kubernetes::{Metadata, Node, PROFILE_ANNOTATION, Pod, Reader};
use crate::cluster::{Assembly, ObjectError, PodKey};

/// The profile that each namespace sets as the default of its pods (`gpulse.dev/profile`); others set none.
pub type ProfilesByNamespace = HashMap<Arc<str>, Arc<str>>;

/// Applies what watches tell to an [`Assembly`].
///
/// While a list runs (`Init` to `InitDone`) what was known stays, and newer words replace it at once; what the
/// complete list did not name is gone and is removed at its end. That heals missed deletions. An object that cannot be
/// read changes nothing that is known of it.
#[derive(Debug, Default)]
pub struct Index {
    reader: Reader,
    nodes: Progress<Arc<str>>,
    pods: Progress<PodKey>,
    namespaces: Progress<Arc<str>>,
    profiles: ProfilesByNamespace,
    names: Names,
}

impl Index {
    /// An index that reads objects by `reader`.
    #[must_use]
    pub fn new(reader: Reader) -> Self {
        Self { reader, ..Self::default() }
    }

    /// Applies an event of the node watch. Returns why the node cannot be read, where that is news.
    pub fn node(&mut self, event: Event<Node>, to: &mut Assembly) -> Option<ObjectError> {
        match event {
            Event::Init => self.nodes.begin(),
            Event::InitApply(node) | Event::Apply(node) => {
                let name: Arc<str> = node.metadata.name.as_str().into();
                self.nodes.see(&name);
                match self.reader.node(&node) {
                    Ok(mut facts) => {
                        self.names.share(&mut facts.name);
                        self.nodes.unreadable.remove(&name);
                        to.apply_node(facts);
                    }
                    Err(error) => return self.nodes.refuse(name, error),
                }
            }
            Event::Delete(node) => {
                self.nodes.unreadable.remove(node.metadata.name.as_str());
                to.delete_node(&node.metadata.name);
            }
            Event::InitDone => {
                let known = to.nodes().map(|node| &node.name);
                self.nodes.finish(known).iter().for_each(|name| to.delete_node(name));
            }
        }
        None
    }

    /// Applies an event of the pod watch. Returns why the pod cannot be read, where that is news.
    pub fn pod(&mut self, event: Event<Pod>, to: &mut Assembly) -> Option<ObjectError> {
        match event {
            Event::Init => self.pods.begin(),
            Event::InitApply(pod) | Event::Apply(pod) => {
                let key = pod.key();
                self.pods.see(&key);
                let held = match self.reader.bound_pod(&pod) {
                    Ok(held) => held,
                    Err(error) => return self.pods.refuse(key, error),
                };
                self.pods.unreadable.remove(&key);
                match held {
                    Some(mut held) => {
                        self.names.share(&mut held.node);
                        self.names.share(&mut held.request.key.namespace);
                        held.request.owner.iter_mut().for_each(|owner| self.names.share(owner));
                        to.apply_pod(held);
                    }
                    None => to.delete_pod(&key),
                }
            }
            Event::Delete(pod) => {
                let key = pod.key();
                self.pods.unreadable.remove(&key);
                to.delete_pod(&key);
            }
            Event::InitDone => {
                let known = to.pods().map(|pod| &pod.request.key);
                self.pods.finish(known).iter().for_each(|key| to.delete_pod(key));
            }
        }
        None
    }

    /// Applies an event of the namespace watch. Returns whether the profiles changed.
    pub fn namespace(&mut self, event: Event<Metadata>) -> bool {
        match event {
            Event::Init => self.namespaces.begin(),
            Event::InitApply(namespace) | Event::Apply(namespace) => {
                let name: Arc<str> = namespace.name.as_str().into();
                self.namespaces.see(&name);
                let Some(profile) = namespace.annotations.get(PROFILE_ANNOTATION) else {
                    return self.profiles.remove(&name).is_some();
                };
                let before = self.profiles.insert(name, profile.as_str().into());
                return before.is_none_or(|before| *before != **profile);
            }
            Event::Delete(namespace) => return self.profiles.remove(namespace.name.as_str()).is_some(),
            Event::InitDone => {
                let gone = self.namespaces.finish(self.profiles.keys());
                gone.iter().for_each(|name| drop(self.profiles.remove(name)));
                return !gone.is_empty();
            }
        }
        false
    }

    /// The profile that each namespace sets as the default of its pods.
    #[must_use]
    pub fn profiles(&self) -> &ProfilesByNamespace {
        &self.profiles
    }

    /// The nodes and pods that cannot be read now, and why.
    pub fn unreadable(&self) -> impl Iterator<Item = &ObjectError> {
        self.nodes.unreadable.values().chain(self.pods.unreadable.values())
    }

    /// How many nodes cannot be read now.
    #[must_use]
    pub fn unreadable_nodes(&self) -> usize {
        self.nodes.unreadable.len()
    }

    /// How many pods cannot be read now.
    #[must_use]
    pub fn unreadable_pods(&self) -> usize {
        self.pods.unreadable.len()
    }
}

/// How far one kind's watch has come.
#[derive(Debug)]
struct Progress<K> {
    /// While a list runs: what it has named so far.
    seen: Option<HashSet<K>>,
    /// Objects that cannot be read, and why.
    unreadable: HashMap<K, ObjectError>,
}

impl<K> Default for Progress<K> {
    fn default() -> Self {
        Self { seen: None, unreadable: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash> Progress<K> {
    fn begin(&mut self) {
        self.seen = Some(HashSet::new());
    }

    fn see(&mut self, key: &K) {
        if let Some(seen) = &mut self.seen {
            seen.insert(key.clone());
        }
    }

    /// Notes an object that cannot be read; returns the error where it differs from the last one of this object.
    fn refuse(&mut self, key: K, error: ObjectError) -> Option<ObjectError> {
        let known = self.unreadable.insert(key, error.clone());
        (known.as_ref() != Some(&error)).then_some(error)
    }

    /// Ends a list; returns what is known and was not named by it.
    fn finish<'a>(&mut self, known: impl Iterator<Item = &'a K>) -> Vec<K>
    where
        K: 'a,
    {
        let seen = self.seen.take().unwrap_or_default();
        self.unreadable.retain(|key, _| seen.contains(key));
        known.filter(|key| !seen.contains(*key)).cloned().collect()
    }
}
