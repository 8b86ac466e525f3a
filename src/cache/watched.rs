//! What is kept of an object while it travels from the wire to the index: the fields that placement reads, and the
//! few that kube's watcher needs itself. The parser skips everything else (`managedFields`, images, conditions, ...).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use crate::cluster::kubernetes::{Metadata, Node, Pod};

#[derive(Debug, Clone, Deserialize, kube::Resource)]
#[resource(inherit = "k8s_openapi::api::core::v1::Node")]
#[serde(from = "Node")]
pub(super) struct WatchedNode {
    metadata: ObjectMeta,
    object: Node,
}

#[derive(Debug, Clone, Deserialize, kube::Resource)]
#[resource(inherit = "k8s_openapi::api::core::v1::Pod")]
#[serde(from = "Pod")]
pub(super) struct WatchedPod {
    metadata: ObjectMeta,
    object: Pod,
}

#[derive(Debug, Clone, Deserialize, kube::Resource)]
#[resource(inherit = "k8s_openapi::api::core::v1::Namespace")]
#[serde(from = "Namespace")]
pub(super) struct WatchedNamespace {
    metadata: ObjectMeta,
    object: Namespace,
}

/// A namespace: its name and annotations.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Namespace {
    metadata: Metadata,
}

impl From<Node> for WatchedNode {
    fn from(object: Node) -> Self {
        Self { metadata: version(&object.metadata), object }
    }
}

impl From<Pod> for WatchedPod {
    fn from(object: Pod) -> Self {
        Self { metadata: version(&object.metadata), object }
    }
}

impl From<Namespace> for WatchedNamespace {
    fn from(object: Namespace) -> Self {
        Self { metadata: version(&object.metadata), object }
    }
}

impl From<WatchedNode> for Node {
    fn from(watched: WatchedNode) -> Self {
        watched.object
    }
}

impl From<WatchedPod> for Pod {
    fn from(watched: WatchedPod) -> Self {
        watched.object
    }
}

impl From<WatchedNamespace> for Metadata {
    fn from(watched: WatchedNamespace) -> Self {
        watched.object.metadata
    }
}

/// The watcher resumes from the version of the last object it saw; it asks for no other metadata.
fn version(metadata: &Metadata) -> ObjectMeta {
    ObjectMeta { resource_version: Some(metadata.resource_version.clone()), ..ObjectMeta::default() }
}
