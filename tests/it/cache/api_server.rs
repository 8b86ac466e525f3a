//! A pretended API server: lists in pages, watches from a version on, forgets history, goes down and comes back.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use gpulse::cache::{KubernetesConfig, connect};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::{NodeBuilder, PodBuilder};

/// A running server. Ends with the test's runtime.
#[derive(Clone)]
pub(super) struct ApiServer {
    world: Arc<Mutex<World>>,
    /// Wakes the open watches.
    changed: watch::Sender<()>,
    address: String,
}

#[derive(Default)]
struct World {
    version: u64,
    objects: BTreeMap<(&'static str, String), Value>,
    /// Every change: its version, plural, type and object.
    history: Vec<(u64, String, &'static str, Value)>,
    /// Versions up to this one are forgotten: a watch from there is told `410 Gone`.
    forgotten: u64,
    /// What every request of these plurals is answered with.
    refused: HashMap<String, StatusCode>,
    down: bool,
    open_watches: usize,
    pages: usize,
}

impl ApiServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { world: Arc::default(), changed: watch::Sender::new(()), address };
        let router = Router::new().route("/api/v1/{plural}", get(answer)).with_state(server.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        server
    }

    /// A client made as in production, from a kubeconfig.
    pub(super) async fn client(&self) -> kube::Client {
        let file = tempfile::NamedTempFile::new().unwrap();
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": self.address}}],
            "contexts": [{"name": "c", "context": {"cluster": "c"}}],
            "current-context": "c",
        });
        serde_json::to_writer(&file, &kubeconfig).unwrap();
        connect(&KubernetesConfig { kubeconfig: Some(file.path().to_owned()), context: None }).await.unwrap()
    }

    pub(super) fn put_node(&self, node: &NodeBuilder) {
        self.put("nodes", node.name().to_owned(), node.json());
    }

    pub(super) fn put_pod(&self, pod: &PodBuilder) {
        self.put("pods", pod.key().to_string(), pod.json());
    }

    pub(super) fn put_namespace(&self, name: &str, profile: &str) {
        let annotations = json!({"gpulse.dev/profile": profile});
        self.put(
            "namespaces",
            name.to_owned(),
            json!({"metadata": {"name": name, "annotations": annotations}}),
        );
    }

    pub(super) fn delete_pod(&self, pod: &PodBuilder) {
        self.change(|world| world.delete("pods", pod.key().to_string()));
    }

    /// Breaks all watches and answers nothing but 503 until [`Self::come_back`].
    pub(super) fn go_down(&self) {
        self.change(|world| world.down = true);
    }

    pub(super) fn come_back(&self) {
        self.change(|world| world.down = false);
    }

    /// Forgets all history, as etcd's compaction does: watches must list again.
    pub(super) fn forget_history(&self) {
        self.change(|world| {
            // Something else happened since, so that every version known outside is too old.
            world.version += 1;
            world.forgotten = world.version;
        });
    }

    /// Refuses every request of this plural, as a missing role does.
    pub(super) fn refuse(&self, plural: &str, status: StatusCode) {
        self.change(|world| world.refused.extend([(plural.to_owned(), status)]));
    }

    pub(super) fn refuse_no_more(&self) {
        self.change(|world| world.refused.clear());
    }

    /// How many pages of lists were asked for.
    pub(super) fn pages(&self) -> usize {
        self.world.lock().unwrap().pages
    }

    /// Waits until so many watches are open.
    pub(super) async fn watched_by(&self, count: usize) {
        let mut changed = self.changed.subscribe();
        while self.world.lock().unwrap().open_watches != count {
            changed.changed().await.unwrap();
        }
    }

    fn put(&self, plural: &'static str, name: String, mut object: Value) {
        self.change(|world| {
            world.version += 1;
            object["metadata"]["resourceVersion"] = world.version.to_string().into();
            object["metadata"]["managedFields"] =
                json!([{"manager": "kubelet", "fieldsV1": {"f:status": {}}}]);
            if matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
                return world.delete(plural, name);
            }
            let before = world.objects.insert((plural, name), object.clone());
            let change = if before.is_some() { "MODIFIED" } else { "ADDED" };
            world.history.push((world.version, plural.to_owned(), change, object));
        });
    }

    fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock().unwrap());
        self.changed.send_replace(());
    }

    /// The lines of a watch: what happened since `version`, then what happens; `None` where the watch ends.
    async fn next_line(
        &self,
        plural: &str,
        version: &mut u64,
        changed: &mut watch::Receiver<()>,
    ) -> Option<String> {
        loop {
            {
                let world = self.world.lock().unwrap();
                if world.down {
                    return None;
                }
                if *version < world.forgotten {
                    *version = u64::MAX;
                    return Some(line("ERROR", &status(410, "Expired", "too old resource version")));
                }
                let next = world.history.iter().find(|(at, of, _, _)| at > version && of == plural);
                if let Some((at, _, change, object)) = next {
                    *version = *at;
                    return Some(line(change, object));
                }
            }
            changed.changed().await.ok()?;
        }
    }
}

impl World {
    fn delete(&mut self, plural: &'static str, name: String) {
        if let Some(mut object) = self.objects.remove(&(plural, name)) {
            self.version += 1;
            object["metadata"]["resourceVersion"] = self.version.to_string().into();
            self.history.push((self.version, plural.to_owned(), "DELETED", object));
        }
    }

    fn page(&mut self, plural: &str, offset: usize, limit: usize) -> Value {
        self.pages += 1;
        let of_kind: Vec<&Value> =
            self.objects.iter().filter(|((of, _), _)| *of == plural).map(|(_, object)| object).collect();
        let page: Vec<&Value> = of_kind.iter().copied().skip(offset).take(limit).collect();
        let end = offset + page.len();
        let next = if end < of_kind.len() { end.to_string() } else { String::new() };
        json!({"metadata": {"resourceVersion": self.version.to_string(), "continue": next}, "items": page})
    }
}

/// An open watch; counts itself.
struct Watch {
    server: ApiServer,
    plural: String,
    version: u64,
    changed: watch::Receiver<()>,
}

impl Watch {
    fn open(server: ApiServer, plural: String, version: u64) -> Self {
        server.change(|world| world.open_watches += 1);
        Self { changed: server.changed.subscribe(), server, plural, version }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.server.change(|world| world.open_watches -= 1);
    }
}

async fn answer(
    State(server): State<ApiServer>,
    Path(plural): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let number = |key: &str| query.get(key).and_then(|text| text.parse::<u64>().ok());
    {
        let mut world = server.world.lock().unwrap();
        let refusal = world.down.then_some(StatusCode::SERVICE_UNAVAILABLE);
        if let Some(code) = refusal.or(world.refused.get(&plural).copied()) {
            return (code, Json(status(code.as_u16(), "Refused", "refused by the test"))).into_response();
        }
        if !query.contains_key("watch") {
            let offset = number("continue").unwrap_or_default() as usize;
            let limit = number("limit").map_or(usize::MAX, |limit| limit as usize);
            return Json(world.page(&plural, offset, limit)).into_response();
        }
    }
    let watch = Watch::open(server, plural, number("resourceVersion").unwrap_or_default());
    let lines = futures::stream::unfold(watch, |mut watch| async move {
        let server = watch.server.clone();
        let line = server.next_line(&watch.plural, &mut watch.version, &mut watch.changed).await?;
        Some((Ok::<_, Infallible>(line), watch))
    });
    Body::from_stream(lines).into_response()
}

fn line(change: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": change, "object": object}))
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code})
}
