//! The watching itself: kube's watchers, merged into one task that applies what is ready and publishes once.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::stream::{BoxStream, select_all};
use futures::{Stream, StreamExt};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_objects};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::index::{Index, ProfilesByNamespace};
use super::link::{Pauses, StatusSender, WATCH_TIMEOUT, failed, observed};
use super::status::{CacheStatus, Kind};
use super::watched::{WatchedNamespace, WatchedNode, WatchedPod};
use crate::clock;
use crate::cluster::kubernetes::{Metadata, Node, Pod, Reader};
use crate::cluster::{Assembly, Board, ObjectError};

/// Objects in one page of a list: bounds the memory that a list takes, while each page costs the server some 10 ms.
const PAGE_SIZE: u32 = 500;

/// Events applied between two publications at most: bounds how long a burst stays invisible.
const BATCH_SIZE: usize = 512;

/// Pods that are over hold nothing; the API server reports a pod that leaves the selection as deleted.
const PODS_NOT_OVER: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// The profile that each namespace sets as the default of its pods, read without waiting.
pub type NamespaceProfiles = ArcSwap<ProfilesByNamespace>;

/// The watching task has ended, which only a defect of gpulse can cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the task that watches Kubernetes has ended; this is a defect of gpulse, restart it and report it")]
pub struct Stopped;

/// A running cache. Dropping it ends the watches.
#[derive(Debug)]
pub struct CacheHandle {
    status: watch::Receiver<CacheStatus>,
    profiles: Arc<NamespaceProfiles>,
    board: Arc<Board>,
    _task: JoinSet<()>,
}

impl CacheHandle {
    /// How the cache stands now.
    #[must_use]
    pub fn status(&self) -> CacheStatus {
        let snapshot = self.board.snapshot(clock::now());
        let devices = snapshot.nodes().flat_map(|node| node.pools()).map(|(_, pool)| pool.gaps.len() as u64);
        CacheStatus {
            node_count: snapshot.node_count(),
            pod_count: snapshot.nodes().map(|node| node.pods().len()).sum(),
            gpu_count: devices.sum(),
            ..self.status.borrow().clone()
        }
    }

    /// Waits until every kind was listed completely and the board shows it.
    ///
    /// # Errors
    /// [`Stopped`] where that will never be.
    pub async fn synced(&self) -> Result<(), Stopped> {
        self.status.clone().wait_for(|status| status.synced).await.map(drop).map_err(|_| Stopped)
    }

    /// Wakes after each change of the board or of a watch's state. Counts in what it carries are not filled in.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<CacheStatus> {
        self.status.clone()
    }

    /// Waits until the watching ends by a defect: the program should end too, and not decide from a dead picture.
    pub async fn stopped(&self) -> Stopped {
        let mut status = self.status.clone();
        while status.changed().await.is_ok() {}
        Stopped
    }

    /// The profile that each namespace sets as the default of its pods.
    #[must_use]
    pub fn profiles(&self) -> Arc<NamespaceProfiles> {
        self.profiles.clone()
    }
}

/// Starts to watch, in a task of its own, and keeps `board` true from then on. Must be called in a tokio runtime.
#[must_use]
pub fn start(client: Client, reader: Reader, board: Arc<Board>) -> CacheHandle {
    let (sender, status) = watch::channel(CacheStatus::default());
    let sender = Arc::new(sender);
    let profiles = Arc::new(NamespaceProfiles::default());
    let changes = select_all([
        objects::<WatchedNode>(&client, &sender, Kind::Nodes, |event| Change::Node(convert(event))),
        objects::<WatchedPod>(&client, &sender, Kind::Pods, |event| Change::Pod(convert(event))),
        objects::<WatchedNamespace>(&client, &sender, Kind::Namespaces, |event| {
            Change::Namespace(convert(event))
        }),
    ]);
    let feed =
        Feed { index: Index::new(reader), board: board.clone(), profiles: profiles.clone(), status: sender };
    let mut task = JoinSet::new();
    task.spawn(feed.run(changes));
    CacheHandle { status, profiles, board, _task: task }
}

type News = (Kind, Result<Change, watcher::Error>);

enum Change {
    Node(Event<Node>),
    Pod(Event<Pod>),
    Namespace(Event<Metadata>),
}

/// The endless stream of one kind's changes and failures, with pauses after failures.
fn objects<K>(
    client: &Client,
    status: &Arc<StatusSender>,
    kind: Kind,
    change: fn(Event<K>) -> Change,
) -> BoxStream<'static, News>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + 'static,
{
    let mut config = watcher::Config::default().page_size(PAGE_SIZE).timeout(WATCH_TIMEOUT.as_secs() as u32);
    if kind == Kind::Pods {
        config = config.fields(PODS_NOT_OVER);
    }
    watch_objects(Api::<K>::all(observed(client.clone(), status.clone(), kind)), config)
        .backoff(Pauses::default())
        .map(move |event| (kind, event.map(change)))
        .boxed()
}

fn convert<A: Into<B>, B>(event: Event<A>) -> Event<B> {
    match event {
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(object.into()),
        Event::InitDone => Event::InitDone,
        Event::Apply(object) => Event::Apply(object.into()),
        Event::Delete(object) => Event::Delete(object.into()),
    }
}

/// The one task: takes what is ready, applies it, publishes once.
struct Feed {
    index: Index,
    board: Arc<Board>,
    profiles: Arc<NamespaceProfiles>,
    status: Arc<StatusSender>,
}

impl Feed {
    async fn run(mut self, changes: impl Stream<Item = News> + Send + Unpin) {
        let mut batches = changes.ready_chunks(BATCH_SIZE);
        while let Some(batch) = batches.next().await {
            self.take(batch);
        }
    }

    fn take(&mut self, batch: Vec<News>) {
        let mut changes = Vec::with_capacity(batch.len());
        for (kind, news) in batch {
            match news {
                Ok(change) => changes.push((kind, change)),
                Err(error) => failed(&self.status, kind, &error),
            }
        }
        if changes.is_empty() {
            return;
        }
        let kinds: Vec<(Kind, bool)> =
            changes.iter().map(|(kind, change)| (*kind, change.ends_list())).collect();
        let board = self.board.clone();
        let unreadable: Vec<ObjectError> = board.update(|assembly| {
            changes.into_iter().filter_map(|(_, change)| self.apply(change, assembly)).collect()
        });
        for error in unreadable {
            warn!(%error, "object ignored; what was known of it before stays in use");
        }
        self.report(&kinds);
    }

    fn apply(&mut self, change: Change, assembly: &mut Assembly) -> Option<ObjectError> {
        match change {
            Change::Node(event) => self.index.node(event, assembly),
            Change::Pod(event) => self.index.pod(event, assembly),
            Change::Namespace(event) => {
                if self.index.namespace(event) {
                    self.profiles.store(Arc::new(self.index.profiles().clone()));
                }
                None
            }
        }
    }

    /// Says what was published.
    fn report(&self, events: &[(Kind, bool)]) {
        let now = clock::now();
        let mut synced = false;
        self.status.send_modify(|status| {
            for (kind, ends_list) in events {
                let watch = status.watch_mut(*kind);
                watch.last_event = Some(now);
                watch.lists += u64::from(*ends_list);
            }
            status.nodes.unreadable = self.index.unreadable_nodes();
            status.pods.unreadable = self.index.unreadable_pods();
            synced = !status.synced && status.watches().iter().all(|(_, watch)| watch.lists > 0);
            status.synced |= synced;
        });
        if synced {
            info!("cluster synced");
        }
    }
}

impl Change {
    fn ends_list(&self) -> bool {
        matches!(
            self,
            Self::Node(Event::InitDone) | Self::Pod(Event::InitDone) | Self::Namespace(Event::InitDone)
        )
    }
}
