//! An HTTP proxy that misbehaves on demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http;

/// What the proxy does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: passes it on.
    None,
    /// Passes it on after a while.
    Delay(Duration),
    /// Answers with this status code and a text that is no JSON.
    Status(u16),
    /// Answers 200 with a text that is no JSON.
    Garbage,
}

/// A proxy in front of one HTTP server. It listens until it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    url: String,
    fault: watch::Sender<Fault>,
    requests: Arc<AtomicU64>,
    server: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Front {
    upstream: String,
    client: Client,
    fault: watch::Receiver<Fault>,
    requests: Arc<AtomicU64>,
}

impl FaultProxy {
    /// Starts a proxy in front of `upstream`, a URL without a path.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub async fn start(upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("the fault proxy cannot listen")?;
        let url = format!("http://{}", listener.local_addr()?);
        let (fault, receiver) = watch::channel(Fault::None);
        let requests = Arc::new(AtomicU64::new(0));
        let upstream = upstream.trim_end_matches('/').to_owned();
        let front =
            Front { upstream, client: http::client()?, fault: receiver, requests: Arc::clone(&requests) };
        let router = Router::new().fallback(answer).with_state(front);
        let server = tokio::spawn(async move {
            // Serves for ever: axum handles the errors of single connections itself.
            let _never = axum::serve(listener, router).await;
        });
        Ok(Self { url, fault, requests, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it does from now on.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many requests have come in.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(front): State<Front>, request: Request) -> Response {
    front.requests.fetch_add(1, Ordering::Relaxed);
    let fault = *front.fault.borrow();
    match fault {
        Fault::None => {}
        Fault::Delay(delay) => tokio::time::sleep(delay).await,
        Fault::Status(code) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return (status, "the fault proxy was told to fail").into_response();
        }
        Fault::Garbage => return "<html>this is no JSON</html>".into_response(),
    }
    match front.pass_on(request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

impl Front {
    async fn pass_on(&self, request: Request) -> Result<Response> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let body: Bytes = axum::body::to_bytes(body, usize::MAX).await?;
        let mut headers = parts.headers;
        headers.remove("host");
        let url = format!("{}{path}", self.upstream);
        let answer = self.client.request(parts.method, url).headers(headers).body(body).send().await?;
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
            response = response.header(name, value);
        }
        Ok(response.body(Body::from(answer.bytes().await?))?)
    }
}
