//! The extender port: kube-scheduler's calls, and clear words for everything else.
//!
//! kube-scheduler reads nothing of a reply but one with status 200, keeps its connection only if the length was
//! announced, and leaves it idle for 90 s. So the verbs always answer 200 with a body of known length, nothing is
//! compressed or chunked, and nobody closes an idle connection.

use std::any::Any;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::task::JoinError;
use tower_http::catch_panic::CatchPanicLayer;

use super::answer::{Extender, Verb};
use super::config::ExtenderConfig;
use super::wire::error_reply;

/// A body larger than this is answered on a thread of its own, so that it holds up nobody else.
const LARGE_BODY_BYTES: usize = 1 << 20;

const HINT: &str = "POST /filter, /prioritize, /profiles/NAME/filter or /profiles/NAME/prioritize; \
                    health, metrics and explanations are on the admin port";

#[derive(Clone)]
struct Port {
    extender: Arc<Extender>,
    max_body_bytes: u64,
}

/// The routes of the extender port.
pub fn router(extender: Arc<Extender>, config: &ExtenderConfig) -> Router {
    let panicking = extender.clone();
    let caught = move |panic: Box<dyn Any + Send>| after_panic(&panicking, panic.as_ref());
    Router::new()
        .route("/filter", post(|port, request| verb(port, Verb::Filter, None, request)))
        .route("/prioritize", post(|port, request| verb(port, Verb::Prioritize, None, request)))
        .route(
            "/profiles/{name}/filter",
            post(|port, Path(name), request| verb(port, Verb::Filter, Some(name), request)),
        )
        .route(
            "/profiles/{name}/prioritize",
            post(|port, Path(name), request| verb(port, Verb::Prioritize, Some(name), request)),
        )
        .fallback(async |request: Request| {
            let text = format!("no such path: {}; this port answers {HINT}", request.uri().path());
            json(StatusCode::NOT_FOUND, error_reply(&text))
        })
        .method_not_allowed_fallback(async |request: Request| {
            let text = format!("expected POST, found {}; this port answers {HINT}", request.method());
            json(StatusCode::METHOD_NOT_ALLOWED, error_reply(&text))
        })
        .layer(CatchPanicLayer::custom(caught))
        .with_state(Port { extender, max_body_bytes: config.max_body_bytes.get() })
}

async fn verb(State(port): State<Port>, verb: Verb, profile: Option<String>, request: Request) -> Response {
    let body = match read(request.into_body(), port.max_body_bytes).await {
        Ok(body) => body,
        Err(error) => return json(error.status(), error_reply(&error.to_string())),
    };
    if body.len() < LARGE_BODY_BYTES {
        return json(StatusCode::OK, port.extender.answer(verb, profile.as_deref(), &body).body);
    }
    let extender = port.extender;
    let answered =
        tokio::task::spawn_blocking(move || extender.answer(verb, profile.as_deref(), &body).body).await;
    match answered.map_err(JoinError::try_into_panic) {
        Ok(reply) => json(StatusCode::OK, reply),
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(stopped)) => json(StatusCode::SERVICE_UNAVAILABLE, error_reply(&stopped.to_string())),
    }
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error(
        "the body is larger than {limit} bytes; raise server.maxBodyBytes, or set nodeCacheCapable: true"
    )]
    TooLarge { limit: u64 },
    #[error("the body broke off: {0}")]
    Broken(axum::Error),
}

impl BodyError {
    fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a body into one buffer of the announced length. One that announces too much is refused unread.
async fn read(mut body: Body, limit: u64) -> Result<Vec<u8>, BodyError> {
    let announced = body.size_hint().lower();
    if announced > limit {
        return Err(BodyError::TooLarge { limit });
    }
    let mut bytes = Vec::with_capacity(announced as usize);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() else { continue };
        if (bytes.len() + data.len()) as u64 > limit {
            return Err(BodyError::TooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// A panic is a bug of ours: it is logged and counted, and the scheduler is told what it can understand.
fn after_panic(extender: &Extender, panic: &(dyn Any + Send)) -> Response {
    let text = panic_text(panic);
    tracing::error!(panic = text, "a request ended in a panic; please report it");
    extender.metrics.panicked();
    json(StatusCode::OK, error_reply("gpulse: internal error, see its log"))
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown panic")
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
