//! The HTTP edge, entered through its routers as kube-scheduler and people enter it.

mod admin;
mod answering;
mod bad_input;
mod config;
mod decisions;
mod profiles;
mod recording;
mod serving;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use gpulse::cluster::Snapshot;
use gpulse::cluster::kubernetes::Reader;
use gpulse::extender::{
    Admin, Check, ClusterVitals, Extender, ExtenderConfig, Profiles, TelemetryMode, TelemetryVitals, Vitals,
    admin_router, router,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{ClusterBuilder, PodBuilder, cluster, node, pod};

/// Of the nodes that have room, one is idle by measurement and one is busy.
fn a_cluster() -> ClusterBuilder {
    cluster()
        .node(node("idle").gpus(8).busy(&[0; 8]))
        .node(node("busy").gpus(8).busy(&[95; 8]))
        .node(node("full").gpus(8).busy(&[50; 8]))
        .node(node("plain"))
        .pod(pod("resident").gpus(8).on("full"))
}

/// Both ports of a gpulse that sees this cluster.
fn gpulse(cluster: &ClusterBuilder) -> Gpulse {
    Gpulse::new(cluster.snapshot(), Profiles::standard())
}

#[derive(Clone)]
struct Gpulse {
    extender: Arc<Extender>,
    admin: Arc<Admin>,
    routes: Router,
    admin_routes: Router,
}

impl Gpulse {
    fn new(snapshot: Snapshot, profiles: Profiles) -> Self {
        let picture = Arc::new(move || snapshot.clone());
        Self::of(Extender::new(picture, Reader::default(), profiles), &ExtenderConfig::default(), Vec::new())
    }

    fn of(extender: Extender, config: &ExtenderConfig, checks: Vec<Check>) -> Self {
        let extender = Arc::new(extender);
        let admin = Arc::new(Admin::new(extender.clone(), Arc::new(Calm), checks));
        Self {
            routes: router(extender.clone(), config),
            admin_routes: admin_router(admin.clone()),
            extender,
            admin,
        }
    }

    /// POSTs to the extender port.
    async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        send(&self.routes, Method::POST, path, body).await
    }

    /// POSTs a question by names to the extender port and expects an answer.
    async fn ask(&self, path: &str, pod: &PodBuilder, names: &[&str]) -> Value {
        let answer = self.post(path, question(pod, names)).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.json()
    }

    /// GETs from the admin port.
    async fn get(&self, path: &str) -> Answer {
        send(&self.admin_routes, Method::GET, path, Body::empty()).await
    }
}

/// The body that kube-scheduler sends in names mode.
fn question(pod: &PodBuilder, names: &[&str]) -> String {
    json!({"Pod": pod.json(), "Nodes": null, "NodeNames": names}).to_string()
}

/// A reply in full.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The text of an error, whichever port it comes from.
    fn error(&self) -> String {
        let json = self.json();
        json.get("Error").or(json.get("error")).unwrap().as_str().unwrap().to_owned()
    }
}

async fn send(routes: &Router, method: Method, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    request_answer(routes, request).await
}

async fn request_answer(routes: &Router, request: Request<Body>) -> Answer {
    let response = routes.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: head.status, headers: head.headers, body }
}

/// Other rooms that are well.
struct Calm;

impl Vitals for Calm {
    fn telemetry(&self) -> TelemetryVitals {
        TelemetryVitals {
            mode: TelemetryMode::Partial,
            refresh_age: Some(Duration::from_millis(1500)),
            sample_age: None,
            series: 16,
            join_rate: Some(0.5),
            refreshes: 7,
            failed_refreshes: 2,
        }
    }

    fn cluster(&self) -> ClusterVitals {
        ClusterVitals { synced: true, nodes: 4, pods: 1 }
    }
}
