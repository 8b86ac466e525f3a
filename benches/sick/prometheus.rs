//! A pretended Prometheus for a whole fleet, which can be well or sick in several ways.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gpulse::clock;
use testbed::{eventually, ports};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::PATIENCE;
use crate::fixture::fleet::Member;
use crate::fixture::picture;

const METRIC: &str = "DCGM_FI_PROF_SM_ACTIVE";

/// How it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Measures every GPU of the fleet, just now.
    Well,
    /// Answers 500.
    Errors,
    /// Takes the question and never answers.
    Hangs,
    /// Answers 200 with the fleet's measurements, of which the end is missing: all has been read before that is seen.
    Garbage,
    /// Is not there: connections are refused.
    Stopped,
}

/// One server on one port, which is started anew for each [`Health`].
pub(crate) struct Prometheus {
    address: SocketAddr,
    fleet: Arc<[Device]>,
    /// Threads of its own, so that it answers while the bench waits for gpulse, and so that all its connections break
    /// when it stops.
    running: Option<Runtime>,
}

/// A GPU and how busy it is.
struct Device {
    node: Arc<str>,
    uuid: Arc<str>,
    index: u32,
    busy: f64,
}

impl Prometheus {
    /// One that knows the fleet and is not there yet.
    pub(crate) fn new(fleet: &[Member]) -> Result<Self> {
        let samples = picture::samples(fleet, clock::now());
        let devices = samples.iter().flat_map(|(node, gpus)| {
            gpus.iter().map(|gpu| Device {
                node: node.clone(),
                uuid: gpu.uuid.clone(),
                index: gpu.index.unwrap_or_default(),
                busy: gpu.utilization.map_or(0.0, |measured| measured.value.ratio()),
            })
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()?));
        Ok(Self { address, fleet: devices.collect(), running: None })
    }

    /// What the configuration calls it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it does so. Connections of before are broken.
    pub(crate) async fn become_so(&mut self, health: Health) -> Result<()> {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
        // The old server lets its port go in its own time.
        let free = async || Ok(Some(std::net::TcpListener::bind(self.address)?));
        let listener = eventually(PATIENCE, "the pretended Prometheus has its port", free).await?;
        if health == Health::Stopped {
            return Ok(());
        }
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        listener.set_nonblocking(true)?;
        let app = Router::new().fallback(answer).with_state((health, self.fleet.clone()));
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener)?;
            // Serves until the runtime ends: axum handles the errors of single connections itself.
            axum::serve(listener, app).await
        });
        self.running = Some(runtime);
        Ok(())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // A runtime that is merely dropped waits, which the bench's own must not.
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State((health, fleet)): State<(Health, Arc<[Device]>)>) -> Response {
    let json = |body: String| ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    match health {
        Health::Well => json(vector(&fleet)),
        Health::Garbage => {
            let mut body = vector(&fleet);
            body.truncate(body.len().saturating_sub(10));
            json(body)
        }
        Health::Errors => (StatusCode::INTERNAL_SERVER_ERROR, "out of memory").into_response(),
        Health::Hangs | Health::Stopped => std::future::pending().await,
    }
}

/// The answer to gpulse's one query: a row with each GPU's utilization and a row with the time of its sample.
fn vector(fleet: &[Device]) -> String {
    let seconds = clock::now().0 as f64 / 1e3;
    let mut body = String::from(r#"{"status":"success","data":{"resultType":"vector","result":["#);
    for (place, Device { node, uuid, index, busy }) in fleet.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let labels = format!(r#""Hostname":"{node}","UUID":"{uuid}","gpu":"{index}""#);
        // Writing to a String cannot fail.
        let _written = write!(
            body,
            r#"{comma}{{"metric":{{"__name__":"{METRIC}",{labels}}},"value":[{seconds},"{busy}"]}},"#
        );
        let _written = write!(
            body,
            r#"{{"metric":{{"gpulse_sampled":"{METRIC}",{labels}}},"value":[{seconds},"{seconds}"]}}"#
        );
    }
    body + "]}}"
}
