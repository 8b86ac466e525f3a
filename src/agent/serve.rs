//! The agent's port: metrics for Prometheus, health for kubelet.

use std::fmt::Write as _;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use axum_server::Handle;

use super::page::{Layout, page};
use super::text::Format;
use super::watchdog::Agent;
use crate::clock;
use crate::port::{self, BindError};

/// How long a running scrape may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(1);

/// Why the agent cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The port stopped by itself.
    #[error("the agent's port failed: {0}")]
    Port(#[source] io::Error),
}

/// The port, bound but not yet served.
#[derive(Debug)]
pub struct Bound(TcpListener);

#[derive(Debug, Clone)]
struct Front {
    agent: Agent,
    layout: Layout,
}

const INDEX: &str = "\
gpulse agent

GET /metrics  the node's GPUs, for Prometheus
GET /v1/gpus  the same as JSON, for gpulse agent top and scripts
GET /livez    whether the process answers
GET /readyz   whether the GPUs are read, and what is wrong; ?verbose for all
";

impl Bound {
    /// Binds the port. Port 0 takes any free port.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        Ok(Self(port::bind("--listen", address)?))
    }

    /// Where it really listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves what `agent` reads until `shutdown` resolves. No request waits for NVML.
    ///
    /// # Errors
    /// Where the port fails by itself.
    pub async fn serve(
        self,
        agent: Agent,
        layout: Layout,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let watched = agent.clone();
        let routes = Router::new()
            .route("/", get(async || INDEX))
            .route("/metrics", get(metrics))
            .route(
                "/v1/gpus",
                get(async |State(front): State<Front>| Json(front.agent.overview(&front.layout))),
            )
            .route("/livez", get(async || "ok"))
            .route("/readyz", get(ready))
            .with_state(Front { agent, layout });
        let handle = Handle::new();
        let server = port::server(self.0, handle.clone()).map_err(ServeError::Port)?;
        let mut serving = std::pin::pin!(server.serve(routes.into_make_service()));
        tokio::select! {
            served = &mut serving => return served.map_err(ServeError::Port),
            never = watched.watch() => match never {},
            never = watched.follow() => match never {},
            () = shutdown => {}
        }
        handle.graceful_shutdown(Some(DRAIN));
        serving.await.map_err(ServeError::Port)
    }
}

async fn metrics(State(front): State<Front>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::accepted(accept);
    let text = page(&front.agent.view(), &front.layout, format);
    ([(header::CONTENT_TYPE, format.content_type())], text)
}

/// Whether there is something to show, as kube-apiserver writes it. One GPU of several that cannot be read is said, and
/// is no reason to be called unready: the others are. Nor is that nobody knows whose they are, or tells XID errors.
async fn ready(State(front): State<Front>, request: Request) -> impl IntoResponse {
    let is_verbose = request.uri().query() == Some("verbose");
    let (reading, trouble) = front.agent.state();
    let gpus = || reading.iter().flat_map(|reading| &reading.gpus);
    let age = reading.as_ref().map(|reading| clock::now().since(reading.taken_at));
    let is_fresh = age.is_some_and(|age| age <= front.layout.show_for);
    let is_readable = gpus().any(|gpu| gpu.fault.is_none());
    let mut lines = String::new();
    // Writing to a string does not fail.
    let _ = match (&trouble, age) {
        (Some(trouble), _) => writeln!(lines, "[-]nvml failed: {trouble}"),
        (None, None) => writeln!(lines, "[-]nvml failed: nothing was read yet"),
        (None, Some(age)) if !is_fresh => {
            writeln!(lines, "[-]nvml failed: last read {} s ago", age.as_secs())
        }
        (None, Some(_)) if !is_readable => writeln!(lines, "[-]nvml failed: no GPU can be read"),
        (None, Some(_)) => writeln!(lines, "[+]nvml ok"),
    };
    for gpu in gpus() {
        let uuid = gpu.identity.as_ref().map_or("unknown", |identity| &identity.uuid);
        let _ = match &gpu.fault {
            Some(fault) => writeln!(lines, "[-]gpu {} ({uuid}) failed: {fault}", gpu.index),
            None if is_verbose => writeln!(lines, "[+]gpu {} ({uuid}) ok", gpu.index),
            None => Ok(()),
        };
    }
    let holders = front.agent.holders();
    for fault in holders.iter().flat_map(|holders| holders.faults()) {
        let _ = writeln!(lines, "[-]holders failed: {fault}");
    }
    if is_verbose && holders.is_some_and(|holders| holders.faults().next().is_none()) {
        let _ = writeln!(lines, "[+]holders ok");
    }
    let xids = front.agent.xids();
    let _ = match xids.fault() {
        Some(fault) => writeln!(lines, "[-]xid failed: {fault}"),
        None if is_verbose => writeln!(lines, "[+]xid ok"),
        None => Ok(()),
    };
    let is_ready = trouble.is_none() && is_fresh && is_readable;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let text = if is_ready && lines.lines().count() == 1 && !is_verbose { "ok".to_owned() } else { lines };
    (status, text)
}
