//! What the cache says of itself.

use serde::Serialize;

use crate::cluster::Timestamp;

/// How the cache stands: what it shows, and how each watch fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheStatus {
    /// Whether every kind was listed completely at least once, and published. Never becomes false again: what is known
    /// stays in use while a watch is down.
    pub synced: bool,
    /// Nodes shown.
    pub node_count: usize,
    /// Pods shown: those that hold room on a node shown.
    pub pod_count: usize,
    /// GPUs of the nodes shown, each MIG instance counted as one.
    pub gpu_count: u64,
    /// The watch of nodes.
    pub nodes: WatchStatus,
    /// The watch of pods.
    pub pods: WatchStatus,
    /// The watch of namespaces.
    pub namespaces: WatchStatus,
}

/// How one watch fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchStatus {
    /// Whether the API server answers it.
    pub connection: Connection,
    /// Complete lists so far: one to start with, one more after each loss that could not be resumed.
    pub lists: u64,
    /// Failed requests and broken streams so far.
    pub errors: u64,
    /// What the last failure said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Objects that cannot be read now.
    pub unreadable: usize,
    /// When it last brought anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event: Option<Timestamp>,
}

/// Whether the API server answers a watch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Connection {
    /// Not yet answered, not yet refused.
    #[default]
    Starting,
    /// Answered last time.
    Up,
    /// Failed last time; being retried.
    Down,
}

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nodes,
    Pods,
    Namespaces,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Pods => "pods",
            Self::Namespaces => "namespaces",
        }
    }
}

impl CacheStatus {
    /// Each watch with the name of what it watches.
    #[must_use]
    pub fn watches(&self) -> [(&'static str, &WatchStatus); 3] {
        [Kind::Nodes, Kind::Pods, Kind::Namespaces].map(|kind| (kind.name(), self.watch(kind)))
    }

    /// The state of the connection as a whole: up where every watch is, down where any is.
    #[must_use]
    pub fn connection(&self) -> Connection {
        let all = self.watches().map(|(_, watch)| watch.connection);
        if all.contains(&Connection::Down) {
            Connection::Down
        } else if all.contains(&Connection::Starting) {
            Connection::Starting
        } else {
            Connection::Up
        }
    }

    fn watch(&self, kind: Kind) -> &WatchStatus {
        match kind {
            Kind::Nodes => &self.nodes,
            Kind::Pods => &self.pods,
            Kind::Namespaces => &self.namespaces,
        }
    }

    pub(super) fn watch_mut(&mut self, kind: Kind) -> &mut WatchStatus {
        match kind {
            Kind::Nodes => &mut self.nodes,
            Kind::Pods => &mut self.pods,
            Kind::Namespaces => &mut self.namespaces,
        }
    }
}
