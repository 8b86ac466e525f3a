//! A snapshot made offline, from what `kubectl get nodes,pods --all-namespaces --output json` prints.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{Node, ObjectError, Pod, Reader};
use crate::cluster::assembly::Assembly;
use crate::cluster::gpu::FreshnessPolicy;
use crate::cluster::pod::PodKey;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::units::Timestamp;

/// Why a document is not a list of objects.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not JSON, or not of a list's shape.
    #[error("expected the JSON of `kubectl get nodes,pods --all-namespaces --output json`: {0}")]
    Json(#[from] serde_json::Error),
    /// A document of another kind.
    #[error("expected kind List, NodeList or PodList, found {0:?}; pass `kubectl get nodes,pods -A -o json`")]
    Kind(String),
}

/// What of a list is not in the snapshot made from it, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Nodes and pods that cannot be read.
    pub unreadable: Vec<ObjectError>,
    /// Pods that hold room on a node which is not in the list, and the node.
    pub pods_without_node: Vec<(PodKey, Arc<str>)>,
    /// Pods that hold nothing: not bound and not nominated, or at their end.
    pub pods_without_hold: usize,
    /// Objects of other kinds, counted by kind.
    pub other_kinds: BTreeMap<String, usize>,
}

impl fmt::Display for Dropped {
    /// One line for each reason; nothing where nothing was dropped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.unreadable {
            writeln!(f, "dropped {error}")?;
        }
        for (pod, node) in &self.pods_without_node {
            writeln!(f, "dropped pod {pod}: its node {node} is not in the list")?;
        }
        if self.pods_without_hold > 0 {
            writeln!(f, "dropped {} pods that hold nothing: waiting or over", self.pods_without_hold)?;
        }
        for (kind, count) in &self.other_kinds {
            writeln!(f, "dropped {count} of kind {kind:?}: only nodes and pods count")?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Document<'a> {
    kind: String,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// An object of a list, not yet read.
#[derive(Debug, Clone)]
pub struct ListItem<'a> {
    /// Its kind, such as `Node` or `Pod`.
    pub kind: String,
    /// Its place in the list.
    pub index: usize,
    json: &'a RawValue,
}

impl ListItem<'_> {
    /// Reads the object.
    ///
    /// # Errors
    /// Where it is not of this type's shape; `expected` says in the error what it should be.
    pub fn read<T: DeserializeOwned>(&self, expected: &'static str) -> Result<T, ObjectError> {
        serde_json::from_str(self.json.get()).map_err(|error| ObjectError {
            object: "list".to_owned(),
            field: format!("items[{}]", self.index),
            expected,
            found: error.to_string(),
        })
    }
}

/// The objects of what `kubectl get ... --output json` prints, in their order.
///
/// # Errors
/// Says where the document is not JSON, not a list's shape or not of a list's kind.
pub fn list_items(json: &[u8]) -> Result<Vec<ListItem<'_>>, ListError> {
    let list: Document<'_> = serde_json::from_slice(json)?;
    // Items of a typed list do not repeat their kind.
    let item_kind = match list.kind.as_str() {
        "List" => "",
        "NodeList" => "Node",
        "PodList" => "Pod",
        _ => return Err(ListError::Kind(list.kind)),
    };
    let read = |(index, json): (usize, _)| {
        let kind = serde_json::from_str::<Kind>(RawValue::get(json))?.kind;
        Ok(ListItem { kind: kind.unwrap_or_else(|| item_kind.to_owned()), index, json })
    };
    list.items.into_iter().enumerate().map(read).collect()
}

/// The cluster as a list of nodes and pods shows it, without measurements, and what was dropped.
///
/// # Errors
/// Says where the document is not JSON, not a list's shape or not of a list's kind.
pub fn snapshot_from_list(
    json: &[u8],
    reader: &Reader,
    as_of: Timestamp,
    freshness: FreshnessPolicy,
) -> Result<(Snapshot, Dropped), ListError> {
    let mut assembly = Assembly::default();
    let mut dropped = Dropped::default();
    let mut seen = HashSet::new();
    let mut once = |kind: &str, name: String| {
        let again = ObjectError {
            object: format!("{kind} {name}"),
            field: "metadata.name".to_owned(),
            expected: "a name that no earlier one of the list has",
            found: name.clone(),
        };
        if seen.insert((kind.to_owned(), name)) { Ok(()) } else { Err(again) }
    };
    for item in list_items(json)? {
        let read = match item.kind.as_str() {
            "Node" => item.read("a Node").and_then(|node: Node| {
                once("node", node.metadata.name.clone())?;
                assembly.apply_node(reader.node(&node)?);
                Ok(())
            }),
            "Pod" => item.read("a Pod").and_then(|pod: Pod| {
                once("pod", pod.key().to_string())?;
                let held = reader.bound_pod(&pod)?;
                dropped.pods_without_hold += usize::from(held.is_none());
                held.into_iter().for_each(|pod| assembly.apply_pod(pod));
                Ok(())
            }),
            _ => {
                *dropped.other_kinds.entry(item.kind).or_default() += 1;
                Ok(())
            }
        };
        dropped.unreadable.extend(read.err());
    }
    let snapshot = assembly.snapshot(as_of, freshness);
    let homeless = assembly.pods().filter(|pod| snapshot.node(&pod.node).is_none());
    dropped.pods_without_node = homeless.map(|pod| (pod.request.key.clone(), pod.node.clone())).collect();
    dropped.pods_without_node.sort();
    Ok((snapshot, dropped))
}
