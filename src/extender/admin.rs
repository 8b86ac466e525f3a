//! The admin port: health for kubelet, metrics for Prometheus, explanations for people.

use std::any::Any;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use tower_http::catch_panic::CatchPanicLayer;

use super::answer::Extender;
use super::process::ProcessCollector;
use super::recorder::MAX_READERS;
use super::routes::panic_text;
use super::summary::DecisionSummary;
use super::vitals::Vitals;
use crate::cluster::PodKey;
use crate::cluster::kubernetes::Pod;

/// What must hold before gpulse is ready.
pub struct Check {
    /// Its name, as `/readyz?verbose` lists it.
    pub name: &'static str,
    /// Whether it holds, with a word on how, or why not.
    pub ok: Box<dyn Fn() -> Result<String, String> + Send + Sync>,
}

/// Everything that the admin port shows.
pub struct Admin {
    extender: Arc<Extender>,
    checks: Vec<Check>,
    registry: Registry,
    draining: AtomicBool,
}

impl Admin {
    /// Shows `extender`'s decisions and the other rooms' `vitals`; ready while all `checks` hold.
    #[must_use]
    pub fn new(extender: Arc<Extender>, vitals: Arc<dyn Vitals>, checks: Vec<Check>) -> Self {
        let mut registry = Registry::default();
        extender.metrics.register(&mut registry, vitals);
        registry.register_collector(Box::new(ProcessCollector));
        Self { extender, checks, registry, draining: AtomicBool::new(false) }
    }

    /// From now on `/readyz` says no, so that no new connection is sent here, and recordings end.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.extender.decisions.recorders.close();
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("extender", &self.extender).finish_non_exhaustive()
    }
}

const INDEX: &str = "\
gpulse, admin port

GET  /livez                             whether the process answers
GET  /readyz?verbose                    whether it is ready, check by check
GET  /metrics                           for Prometheus
GET  /v1/snapshot                       the cluster as gpulse sees it, for replay and planning
GET  /v1/decisions?limit=N&pod=NS/NAME  the decisions taken lately; &format=jsonl for one a line
GET  /v1/recording?decisions=N          the next decisions with all that they are made from, for replay, as they come
GET  /v1/explain?pod=NS/NAME            why the pod went, or did not go, where it did
POST /v1/explain?profile=NAME           what would happen now to the pod in the body (JSON)
";

/// The routes of the admin port.
pub fn admin_router(admin: Arc<Admin>) -> Router {
    let panicking = admin.clone();
    let caught = move |panic: Box<dyn Any + Send>| {
        tracing::error!(
            panic = panic_text(panic.as_ref()),
            "an admin request ended in a panic; please report it"
        );
        panicking.extender.metrics.panicked();
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error, see the log").into_response()
    };
    Router::new()
        .route("/", get(async || INDEX))
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/v1/snapshot", get(snapshot))
        .route("/v1/decisions", get(decisions))
        .route("/v1/recording", get(recording))
        .route("/v1/explain", get(explain_decided).post(explain_now))
        .fallback(async |request: Request| {
            let text = format!("no such path: {}; GET / lists what is here", request.uri().path());
            Refusal::new(StatusCode::NOT_FOUND, text)
        })
        .method_not_allowed_fallback(async |request: Request| {
            let text = format!("{} does not go here; GET / lists what does", request.method());
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, text)
        })
        .layer(CatchPanicLayer::custom(caught))
        .with_state(admin)
}

/// An answer in the negative: `{"error": "..."}`.
struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    fn new(status: StatusCode, text: impl ToString) -> Self {
        Self { status, text: text.to_string() }
    }

    fn bad_request(text: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    fn internal(text: impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, axum::Json(serde_json::json!({ "error": self.text }))).into_response()
    }
}

type Answer = Result<Response, Refusal>;

/// All is well in one word; otherwise, or with `?verbose`, a line for each check as kube-apiserver writes them.
async fn ready(State(admin): State<Arc<Admin>>, request: Request) -> Response {
    let mut lines = String::new();
    let mut line = |name: &str, found: Result<String, String>| {
        // Writing to a string does not fail.
        let _ = match &found {
            Ok(detail) => writeln!(lines, "[+]{name} ok: {detail}"),
            Err(reason) => writeln!(lines, "[-]{name} failed: {reason}"),
        };
        found.is_ok()
    };
    let mut passed = true;
    for check in &admin.checks {
        passed &= line(check.name, (check.ok)());
    }
    let draining = admin.draining.load(Ordering::Relaxed);
    passed &= line("shutdown", if draining { Err("draining".into()) } else { Ok("not asked for".into()) });
    let verbose =
        request.uri().query().is_some_and(|query| query.split('&').any(|key| key.starts_with("verbose")));
    match (passed, verbose) {
        (true, false) => "ok".into_response(),
        (true, true) => format!("{lines}readyz check passed\n").into_response(),
        (false, _) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{lines}readyz check failed\n")).into_response()
        }
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The older format reads the same text: what it does not know are comments to it.
const PLAIN_METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

async fn metrics(State(admin): State<Arc<Admin>>, headers: HeaderMap) -> Answer {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &admin.registry).map_err(Refusal::internal)?;
    let accepts = |kind: &str| accepted(&headers).is_some_and(|accepted| accepted.contains(kind));
    let kind = if accepts("application/openmetrics-text") { OPEN_METRICS } else { PLAIN_METRICS };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn accepted(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ACCEPT)?.to_str().ok()
}

async fn snapshot(State(admin): State<Arc<Admin>>) -> Answer {
    let saved = tokio::task::spawn_blocking(move || {
        let mut json = Vec::new();
        (admin.extender.picture)().save(&mut json).map(|()| json)
    });
    let json = saved.await.map_err(Refusal::internal)?.map_err(Refusal::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionsQuery {
    limit: Option<usize>,
    pod: Option<String>,
    format: Option<Format>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Format {
    Json,
    Jsonl,
}

const DEFAULT_LIMIT: usize = 100;
const JSON_LINES: &str = "application/x-ndjson";

async fn decisions(
    State(admin): State<Arc<Admin>>,
    headers: HeaderMap,
    query: Result<Query<DecisionsQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let pod = query.pod.as_deref().map(pod_key).transpose()?;
    let matching = |decision: &super::Decision| pod.as_ref().is_none_or(|pod| decision.pod == *pod);
    let recent = admin.extender.decisions.recent(query.limit.unwrap_or(DEFAULT_LIMIT), matching);
    let summaries: Vec<DecisionSummary> = recent.iter().map(|decision| decision.summary()).collect();
    let wants_lines = || accepted(&headers).is_some_and(|accepted| accepted.contains(JSON_LINES));
    if query.format.map_or_else(wants_lines, |format| format == Format::Jsonl) {
        let lines: Result<Vec<String>, _> = summaries.iter().map(serde_json::to_string).collect();
        let text: String = lines.map_err(Refusal::internal)?.iter().flat_map(|line| [line, "\n"]).collect();
        return Ok(([(header::CONTENT_TYPE, JSON_LINES)], text).into_response());
    }
    pretty(&summaries)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordingQuery {
    decisions: Option<u64>,
}

/// Streams until so many decisions are recorded, the reader goes, or gpulse stops.
async fn recording(
    State(admin): State<Arc<Admin>>,
    query: Result<Query<RecordingQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| Refusal::bad_request(error.body_text()))?;
    // What was decided before is not of this recording.
    admin.extender.decisions.settle();
    let lines = admin.extender.decisions.recorders.start().ok_or_else(|| {
        let text = format!("{MAX_READERS} recordings run already: end one of them first");
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, text)
    })?;
    let left = query.decisions.unwrap_or(u64::MAX);
    let stream = futures::stream::unfold((lines, left, true), async |(mut lines, left, first)| {
        if left == 0 && !first {
            return None;
        }
        match lines.next().await? {
            Ok((json, decisions)) => Some((Ok(json), (lines, left.saturating_sub(decisions), false))),
            Err(error) => Some((Err(error), (lines, 0, false))),
        }
    });
    Ok(([(header::CONTENT_TYPE, JSON_LINES)], Body::from_stream(stream)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExplainQuery {
    pod: Option<String>,
    profile: Option<String>,
}

async fn explain_decided(
    State(admin): State<Arc<Admin>>,
    query: Result<Query<ExplainQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let pod = query.pod.ok_or_else(|| Refusal::bad_request("expected ?pod=NAMESPACE/NAME, found no pod"))?;
    let key = pod_key(&pod)?;
    let reply = admin.extender.explain_decided(&key, query.profile.as_deref()).ok_or_else(|| {
        let kept = admin.extender.decisions.len();
        let text =
            format!("no decision on pod {key} among the {kept} kept; it was not asked about, or long ago");
        Refusal::new(StatusCode::NOT_FOUND, text)
    })?;
    pretty(&reply)
}

async fn explain_now(
    State(admin): State<Arc<Admin>>,
    query: Result<Query<ExplainQuery>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let body = body.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
    let pod = manifest(&body)?;
    let reply = admin.extender.explain_now(&pod, query.profile.as_deref()).map_err(Refusal::bad_request)?;
    pretty(&reply)
}

/// A pod manifest as JSON; a kind, where there is one, must be Pod.
fn manifest(body: &[u8]) -> Result<Pod, Refusal> {
    #[derive(Deserialize)]
    struct Kind {
        kind: Option<String>,
    }
    let refuse =
        |error: serde_json::Error| Refusal::bad_request(format!("the body is not a Pod as JSON: {error}"));
    let Kind { kind } = serde_json::from_slice(body).map_err(refuse)?;
    match kind {
        Some(kind) if kind != "Pod" => Err(Refusal::bad_request(format!("expected kind Pod, found {kind}"))),
        _ => serde_json::from_slice(body).map_err(refuse),
    }
}

/// `NAMESPACE/NAME`; a name alone is in `default`, as kubectl has it.
fn pod_key(text: &str) -> Result<PodKey, Refusal> {
    let (namespace, name) = text.split_once('/').unwrap_or(("default", text));
    if namespace.is_empty() || name.is_empty() || name.contains('/') {
        return Err(Refusal::bad_request(format!("expected a pod as NAMESPACE/NAME, found {text:?}")));
    }
    Ok(PodKey::new(namespace, name))
}

fn pretty(value: &impl Serialize) -> Answer {
    let json = serde_json::to_vec_pretty(value).map_err(Refusal::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}
