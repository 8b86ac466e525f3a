//! A snapshot made offline, from what `kubectl get nodes,pods --all-namespaces --output json` prints.

use std::collections::BTreeMap;
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
struct List<'a> {
    kind: String,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item {
    kind: Option<String>,
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
    let list: List<'_> = serde_json::from_slice(json)?;
    // Items of a typed list do not repeat their kind.
    let item_kind = match list.kind.as_str() {
        "List" => "",
        "NodeList" => "Node",
        "PodList" => "Pod",
        _ => return Err(ListError::Kind(list.kind)),
    };
    let mut assembly = Assembly::default();
    let mut dropped = Dropped::default();
    for (index, item) in list.items.into_iter().enumerate() {
        let kind = serde_json::from_str::<Item>(item.get())?.kind.unwrap_or_else(|| item_kind.to_owned());
        let read = match kind.as_str() {
            "Node" => parse(item, index, "a Node").and_then(|node: Node| reader.node(&node)).map(|facts| {
                assembly.apply_node(facts);
            }),
            "Pod" => parse(item, index, "a Pod").and_then(|pod: Pod| reader.bound_pod(&pod)).map(|held| {
                dropped.pods_without_hold += usize::from(held.is_none());
                held.into_iter().for_each(|pod| assembly.apply_pod(pod));
            }),
            _ => {
                *dropped.other_kinds.entry(kind).or_default() += 1;
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

fn parse<T: DeserializeOwned>(
    item: &RawValue,
    index: usize,
    expected: &'static str,
) -> Result<T, ObjectError> {
    serde_json::from_str(item.get()).map_err(|error| ObjectError {
        object: "list".to_owned(),
        field: format!("items[{index}]"),
        expected,
        found: error.to_string(),
    })
}
