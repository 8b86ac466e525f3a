//! The watches against a pretended API server.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use gpulse::cache::{CacheHandle, CacheStatus, Connection, start};
use gpulse::cluster::kubernetes::Reader;
use gpulse::cluster::{Board, FreshnessPolicy, Snapshot};

use super::api_server::ApiServer;
use crate::support::{NOW, node, pod};

/// A cache that watches a pretended API server.
struct Watching {
    server: ApiServer,
    cache: CacheHandle,
    board: Arc<Board>,
}

impl Watching {
    async fn start(server: ApiServer) -> Self {
        let board = Arc::new(Board::new(FreshnessPolicy::default()));
        let cache = start(server.client().await, Reader::default(), board.clone());
        Self { server, cache, board }
    }

    /// Starts and waits until what the server has is shown.
    async fn synced(server: ApiServer) -> Self {
        let watching = Self::start(server).await;
        within(watching.cache.synced()).await.unwrap();
        watching
    }

    fn snapshot(&self) -> Snapshot {
        self.board.snapshot(NOW)
    }

    /// GPUs taken on a node; `None` where it is not shown.
    fn taken(&self, node: &str) -> Option<u32> {
        Some(self.snapshot().node(node)?.pool("nvidia.com/gpu")?.1.allocated)
    }

    /// Waits until the cache is so.
    async fn until(&self, holds: impl Fn(&CacheStatus) -> bool) {
        let mut changes = self.cache.changes();
        within(async {
            while !holds(&self.cache.status()) {
                changes.changed().await.unwrap();
            }
        })
        .await;
    }
}

/// Fails where what is awaited does not come at all; nothing depends on how soon it comes.
async fn within<T>(awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), awaited).await.expect("it never came")
}

#[tokio::test]
async fn a_list_of_many_pages_is_complete_before_it_says_so() {
    let server = ApiServer::start().await;
    server.put_node(&node("a").gpus(8));
    server.put_node(&node("b").mig("1g.10gb", 14));
    for index in 0..1200 {
        server.put_pod(&pod(&format!("p{index}")).on("a"));
    }
    let watching = Watching::synced(server).await;
    let status = watching.cache.status();
    assert_eq!((status.node_count, status.pod_count, status.gpu_count), (2, 1200, 22));
    assert_eq!(status.connection(), Connection::Up);
    assert_eq!(watching.server.pages(), 1 + 3 + 1, "one of nodes, three of pods, one of namespaces");
}

#[tokio::test]
async fn it_is_not_synced_before_every_kind_is() {
    let server = ApiServer::start().await;
    server.refuse("pods", StatusCode::FORBIDDEN);
    let watching = Watching::start(server).await;
    watching.until(|status| status.nodes.lists == 1 && status.pods.errors > 1).await;
    let status = watching.cache.status();
    assert!(!status.synced);
    assert_eq!(status.connection(), Connection::Down);
    assert!(status.pods.last_error.unwrap().contains("refused by the test"));

    watching.server.refuse_no_more();
    within(watching.cache.synced()).await.unwrap();
    watching.until(|status| status.connection() == Connection::Up).await;
}

#[tokio::test]
async fn changes_are_shown_as_they_come() {
    let server = ApiServer::start().await;
    server.put_node(&node("a").gpus(8));
    let watching = Watching::synced(server).await;

    watching.server.put_pod(&pod("p").gpus(2).on("a"));
    watching.until(|_| watching.taken("a") == Some(2)).await;
    watching.server.put_pod(&pod("q").gpus(1).on("a"));
    watching.until(|_| watching.taken("a") == Some(3)).await;
    watching.server.put_pod(&pod("p").gpus(2).on("a").phase("Succeeded"));
    watching.until(|_| watching.taken("a") == Some(1)).await;
    watching.server.put_node(&node("b").gpus(4));
    watching.until(|status| status.node_count == 2).await;
    watching.server.delete_pod(&pod("q"));
    watching.until(|_| watching.taken("a") == Some(0)).await;
}

#[tokio::test]
async fn a_server_that_was_down_is_picked_up_where_it_was_left() {
    let server = ApiServer::start().await;
    server.put_node(&node("a").gpus(8));
    server.put_pod(&pod("p").gpus(2).on("a"));
    let watching = Watching::synced(server).await;
    watching.server.watched_by(3).await;

    watching.server.go_down();
    watching.until(|status| status.watches().iter().all(|(_, w)| w.connection == Connection::Down)).await;
    assert_eq!(watching.taken("a"), Some(2), "what is known stays in use");
    assert!(watching.cache.status().synced);
    watching.server.delete_pod(&pod("p"));
    watching.server.put_pod(&pod("q").gpus(1).on("a"));
    watching.server.come_back();

    watching.until(|_| watching.taken("a") == Some(1)).await;
    watching.until(|status| status.connection() == Connection::Up).await;
    assert_eq!(watching.cache.status().pods.lists, 1, "resumed, not listed again");
}

#[tokio::test]
async fn a_quiet_cluster_is_known_to_be_back_before_anything_happens_in_it() {
    let server = ApiServer::start().await;
    let watching = Watching::synced(server).await;
    watching.server.watched_by(3).await;
    watching.server.go_down();
    watching.until(|status| status.connection() == Connection::Down).await;
    watching.server.come_back();
    watching.until(|status| status.connection() == Connection::Up).await;
}

#[tokio::test]
async fn deletions_that_were_missed_are_made_up_for() {
    let server = ApiServer::start().await;
    server.put_node(&node("a").gpus(8));
    server.put_pod(&pod("p").gpus(2).on("a"));
    server.put_pod(&pod("q").gpus(1).on("a"));
    let watching = Watching::synced(server).await;
    watching.server.watched_by(3).await;

    watching.server.go_down();
    watching.server.delete_pod(&pod("p"));
    watching.server.forget_history();
    watching.server.come_back();

    watching.until(|_| watching.taken("a") == Some(1)).await;
    let status = watching.cache.status();
    assert_eq!(status.pods.lists, 2, "410 Gone: listed again");
    assert!(status.pods.errors > 0);
}

#[tokio::test]
async fn unreadable_objects_are_counted_and_hold_up_nothing() {
    let server = ApiServer::start().await;
    server.put_node(&node("a").gpus(8));
    server.put_node(&node("b").offers("nvidia.com/gpu", "-1"));
    server.put_pod(&pod("p").asks("nvidia.com/gpu", "0.5").on("a"));
    let watching = Watching::synced(server).await;
    let status = watching.cache.status();
    assert_eq!((status.node_count, status.nodes.unreadable, status.pods.unreadable), (1, 1, 1));

    watching.server.put_node(&node("b").gpus(2));
    watching.until(|status| status.node_count == 2 && status.nodes.unreadable == 0).await;
}

#[tokio::test]
async fn the_profile_of_a_namespace_is_known() {
    let server = ApiServer::start().await;
    server.put_namespace("batch", "pack");
    let watching = Watching::synced(server).await;
    let profile = || watching.cache.profiles().load().get("batch").map(ToString::to_string);
    assert_eq!(profile().as_deref(), Some("pack"));
    watching.server.put_namespace("batch", "spread");
    watching.until(|_| profile().as_deref() == Some("spread")).await;
}

#[tokio::test]
async fn dropping_the_handle_ends_the_watches() {
    let watching = Watching::synced(ApiServer::start().await).await;
    within(watching.server.watched_by(3)).await;
    drop(watching.cache);
    within(watching.server.watched_by(0)).await;
}
