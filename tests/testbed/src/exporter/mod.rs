//! A pretended dcgm-exporter for many nodes, in this process.

mod nvml;
pub mod scenario;
mod text;

use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use scenario::{Load, NodeScenario, Scenario};

/// The namespace in which the exporter's pods pretend to run.
pub const NAMESPACE: &str = "gpu-operator";

/// Serves each node's metrics at `/nodes/NAME/metrics` and the list of nodes at `/targets`, in the format of Prometheus'
/// HTTP service discovery. It listens until it is dropped.
#[derive(Debug)]
pub struct Exporter {
    address: String,
    scenario: watch::Sender<Scenario>,
    server: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Front {
    address: String,
    started: Instant,
    scenario: watch::Receiver<Scenario>,
}

impl Exporter {
    /// Starts serving a scenario.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub async fn start(scenario: Scenario) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("the exporter cannot listen")?;
        let address = listener.local_addr()?.to_string();
        let (scenario, receiver) = watch::channel(scenario);
        let front = Front { address: address.clone(), started: Instant::now(), scenario: receiver };
        let router = Router::new()
            .route("/targets", get(targets))
            .route("/nodes/{name}/metrics", get(metrics))
            .with_state(front);
        let server = tokio::spawn(async move {
            // Serves for ever: axum handles the errors of single connections itself.
            let _never = axum::serve(listener, router).await;
        });
        Ok(Self { address, scenario, server })
    }

    /// The list of targets, for [`crate::Prometheus::start`].
    #[must_use]
    pub fn targets_url(&self) -> String {
        format!("http://{}/targets", self.address)
    }

    /// What it serves now.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        self.scenario.borrow().clone()
    }

    /// Serves another scenario from now on.
    pub fn replace(&self, scenario: Scenario) {
        self.scenario.send_replace(scenario);
    }

    /// Changes one node.
    ///
    /// # Errors
    /// Where there is no such node.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut NodeScenario)) -> Result<()> {
        let mut found = false;
        self.scenario.send_modify(|scenario| {
            if let Some(node) = scenario.nodes.iter_mut().find(|node| node.name == name) {
                change(node);
                found = true;
            }
        });
        found.then_some(()).with_context(|| format!("the scenario has no node {name:?}"))
    }

    /// Sets one node's utilization, in percent.
    ///
    /// # Errors
    /// Where there is no such node.
    pub fn set_utilization(&self, name: &str, percent: impl Into<Load>) -> Result<()> {
        self.change(name, |node| node.utilization = percent.into())
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The name of the exporter's pod on a node, as Prometheus' target labels carry it.
#[must_use]
pub fn pod_name(node: &str) -> String {
    format!("nvidia-dcgm-exporter-{node}")
}

/// Target labels are those that a ServiceMonitor gives: the exporter's own pod, and `instance` for its address.
async fn targets(State(front): State<Front>) -> Json<Value> {
    let scenario = front.scenario.borrow();
    let target = |node: &NodeScenario| {
        json!({
            "targets": [front.address],
            "labels": {
                "__metrics_path__": format!("/nodes/{}/metrics", node.name),
                "instance": format!("{}:9400", node.name),
                "namespace": NAMESPACE,
                "pod": pod_name(&node.name),
                "container": "nvidia-dcgm-exporter",
                "service": "nvidia-dcgm-exporter",
            },
        })
    };
    Json(scenario.nodes.iter().map(target).collect())
}

async fn metrics(State(front): State<Front>, Path(name): Path<String>) -> (StatusCode, String) {
    let scenario = front.scenario.borrow();
    match scenario.node(&name) {
        None => (StatusCode::NOT_FOUND, format!("the scenario has no node {name}")),
        Some(node) if node.dark => (StatusCode::SERVICE_UNAVAILABLE, format!("{name} is dark")),
        Some(NodeScenario { verbatim: Some(text), .. }) => (StatusCode::OK, text.clone()),
        Some(node) => (StatusCode::OK, text::page(node, front.started.elapsed())),
    }
}
