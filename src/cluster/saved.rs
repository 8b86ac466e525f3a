//! A snapshot as a JSON document: saved from a running gpulse, loaded by planning, replay, tests and benches.

use std::io::{Read, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::assembly::Assembly;
use super::gpu::{FreshnessPolicy, Gpu};
use super::node::{Node, NodeFacts};
use super::pod::BoundPod;
use super::snapshot::Snapshot;
use super::units::Timestamp;

const API_VERSION: &str = "gpulse.dev/v1alpha1";
const KIND: &str = "Snapshot";

/// Why a document is not a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SavedSnapshotError {
    /// Not JSON, or not of a snapshot's shape.
    #[error("not a snapshot: {0}")]
    Json(#[from] serde_json::Error),
    /// A document of another kind.
    #[error("expected apiVersion {API_VERSION} and kind {KIND}, found {api_version:?} and {kind:?}")]
    Kind {
        /// The `apiVersion` found.
        api_version: String,
        /// The `kind` found.
        kind: String,
    },
    /// A node or a pod is there twice.
    #[error("{0} is there twice: expected each node and each pod once")]
    Twice(String),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Header {
    api_version: String,
    kind: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    api_version: String,
    kind: String,
    as_of: Timestamp,
    freshness: FreshnessPolicy,
    nodes: Vec<SavedNode>,
}

/// A node with all that it is assembled from.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedNode {
    #[serde(flatten)]
    pub(super) facts: NodeFacts,
    #[serde(default)]
    pub(super) pods: Vec<Arc<BoundPod>>,
    #[serde(default)]
    pub(super) gpus: Arc<[Gpu]>,
}

impl SavedNode {
    pub(super) fn of(node: &Node) -> Self {
        Self { facts: node.facts().clone(), pods: node.pods().to_vec(), gpus: node.gpus().into() }
    }
}

impl Snapshot {
    /// Writes the snapshot as one JSON document, nodes by name.
    ///
    /// # Errors
    /// What the writer says.
    pub fn save(&self, to: impl Write) -> Result<(), serde_json::Error> {
        let mut nodes: Vec<_> = self.nodes().collect();
        nodes.sort_by_key(|node| node.name().clone());
        let document = Document {
            api_version: API_VERSION.into(),
            kind: KIND.into(),
            as_of: self.as_of,
            freshness: self.freshness,
            nodes: nodes.into_iter().map(|node| SavedNode::of(node)).collect(),
        };
        serde_json::to_writer_pretty(to, &document)
    }

    /// Reads a saved snapshot.
    ///
    /// # Errors
    /// Says where the document is not JSON, not of the shape or not of the kind.
    pub fn load(mut from: impl Read) -> Result<Self, SavedSnapshotError> {
        let mut json = Vec::new();
        from.read_to_end(&mut json).map_err(serde_json::Error::io)?;
        // The kind first: what another kind of document lacks of a snapshot is not what the user needs to know.
        let Header { api_version, kind } = serde_json::from_slice(&json)?;
        if api_version != API_VERSION || kind != KIND {
            return Err(SavedSnapshotError::Kind { api_version, kind });
        }
        let document: Document = serde_json::from_slice(&json)?;
        let mut assembly = Assembly::default();
        let mut samples = super::Samples::new();
        for node in document.nodes {
            let name = node.facts.name.clone();
            if samples.insert(name.clone(), node.gpus).is_some() {
                return Err(SavedSnapshotError::Twice(format!("node {name}")));
            }
            assembly.apply_node(node.facts);
            for pod in node.pods {
                if assembly.pod(&pod.request.key).is_some() {
                    return Err(SavedSnapshotError::Twice(format!("pod {}", pod.request.key)));
                }
                assembly.apply_pod(Arc::unwrap_or_clone(pod));
            }
        }
        assembly.apply_samples(samples);
        Ok(assembly.snapshot(document.as_of, document.freshness))
    }
}
