//! A pretended Prometheus that answers what a test tells it to, and keeps what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum_server::tls_rustls::RustlsConfig;
use futures::StreamExt;
use gpulse::clock;
use gpulse::cluster::Timestamp;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// A server on loopback. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Fake {
    url: String,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Script {
    reply: Reply,
    asked: Vec<Asked>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

/// What is answered to whatever is asked.
#[derive(Debug, Clone, Default)]
pub(super) enum Reply {
    /// Never anything.
    #[default]
    Silence,
    /// This status, content type and body.
    Text(u16, &'static str, String),
    /// The connection breaks off in the middle of the body.
    BrokenOff,
    /// The body begins and does not go on.
    Halting,
    /// 405 to a POST, this to a GET.
    OnlyGet(Box<Reply>),
    /// A redirect to a login page.
    Login,
}

impl Fake {
    pub(super) async fn start(reply: Reply) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (script, app) = app(reply);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, script, task }
    }

    pub(super) fn start_tls(config: Arc<ServerConfig>, reply: Reply) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (script, app) = app(reply);
        let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(config)).unwrap();
        let task = tokio::spawn(async move { server.serve(app.into_make_service()).await.unwrap() });
        Self { url, script, task }
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    /// From now on this is answered.
    pub(super) fn answer(&self, reply: Reply) {
        self.script.lock().unwrap().reply = reply;
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn app(reply: Reply) -> (Arc<Mutex<Script>>, axum::Router) {
    let script = Arc::new(Mutex::new(Script { reply, asked: Vec::new() }));
    (script.clone(), axum::Router::new().fallback(answer).with_state(script))
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let reply = {
        let mut script = script.lock().unwrap();
        let path = parts.uri.path().to_owned();
        script.asked.push(Asked { method: parts.method.clone(), path, headers: parts.headers });
        script.reply.clone()
    };
    respond(reply, &parts.method).await
}

async fn respond(reply: Reply, method: &Method) -> Response {
    match reply {
        Reply::Silence => std::future::pending().await,
        Reply::Text(status, content_type, body) => {
            (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, content_type)], body)
                .into_response()
        }
        Reply::BrokenOff => {
            let end = async {
                // Only once the beginning is on its way.
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(std::io::Error::other("broken off"))
            };
            let begin = futures::stream::iter([Ok("{\"status\"")]);
            let body = Body::from_stream(begin.chain(futures::stream::once(end)));
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Reply::Halting => {
            let begin = futures::stream::iter([Ok::<_, std::io::Error>("{\"status\"")]);
            let body = Body::from_stream(begin.chain(futures::stream::pending()));
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Reply::OnlyGet(_) if method == Method::POST => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        Reply::OnlyGet(reply) => Box::pin(respond(*reply, method)).await,
        Reply::Login => {
            (StatusCode::FOUND, [(header::LOCATION, "https://login.example.com/")]).into_response()
        }
    }
}

/// A GPU with index 0 on a node, busy in percent by `GPU_UTIL`: its row of values and its row of sample times.
pub(super) fn busy(node: &str, percent: u32, sampled_at: Timestamp) -> [Value; 2] {
    let labels = || json!({"Hostname": node, "UUID": format!("GPU-{node}"), "gpu": "0"});
    let (mut value, mut time) = (labels(), labels());
    value["__name__"] = "DCGM_FI_DEV_GPU_UTIL".into();
    time["gpulse_sampled"] = "DCGM_FI_DEV_GPU_UTIL".into();
    let seconds = sampled_at.0 as f64 / 1000.0;
    [
        json!({"metric": value, "value": percent.to_string()}),
        json!({"metric": time, "value": seconds.to_string()}),
    ]
}

/// An answer of these rows, evaluated now.
pub(super) fn rows(rows: impl IntoIterator<Item = Value>) -> Reply {
    rows_at(clock::now(), rows)
}

/// An answer of these rows, evaluated when the server's clock showed `at`.
pub(super) fn rows_at(at: Timestamp, rows: impl IntoIterator<Item = Value>) -> Reply {
    let stamp = |mut row: Value| {
        row["value"] = json!([at.0 as f64 / 1000.0, row["value"]]);
        row
    };
    let result: Vec<Value> = rows.into_iter().map(stamp).collect();
    let body = json!({"status": "success", "data": {"resultType": "vector", "result": result}});
    Reply::Text(200, "application/json", body.to_string())
}
