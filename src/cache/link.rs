//! The connection to the API server: how failures are retried, and how its state is known and told.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, DefaultBackoff};
use tokio::sync::watch;
use tracing::{info, warn};

use super::status::{CacheStatus, Connection, Kind};

/// The API server ends each watch after so long and we resume it; silence for longer means that the connection is
/// dead, so this bounds how long a silently dropped one goes unnoticed.
pub(super) const WATCH_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) type StatusSender = watch::Sender<CacheStatus>;

/// kube's pauses (exponential, jittered), eight times shorter: 0.1 s to at most 7.5 s. kube's 30 s are for fleets of
/// controllers; here it would mean to decide from an old picture for a minute after the API server's return.
#[derive(Default)]
pub(super) struct Pauses(DefaultBackoff);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next().map(|pause| pause / 8)
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0.reset();
    }
}

/// A client that notes each good answer: kube's watcher is silent when it resumes a watch, so that a quiet cluster
/// would seem unreachable until its next event.
pub(super) fn observed(client: Client, status: Arc<StatusSender>, kind: Kind) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request| {
        let (client, status) = (client.clone(), status.clone());
        async move {
            let answer = client.send(request).await;
            if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                connected(&status, kind);
            }
            answer
        }
    });
    Client::new(service, namespace)
}

fn connected(status: &StatusSender, kind: Kind) {
    let mut regained = false;
    status.send_if_modified(|status| {
        let before = status.connection();
        let known = std::mem::replace(&mut status.watch_mut(kind).connection, Connection::Up);
        regained = before == Connection::Down && status.connection() == Connection::Up;
        known != Connection::Up
    });
    if regained {
        info!("connection to the API server regained");
    }
}

pub(super) fn failed(status: &StatusSender, kind: Kind, error: &watcher::Error) {
    let (mut lost, reason) = (false, causes(error));
    status.send_modify(|status| {
        lost = status.connection() != Connection::Down;
        let watch = status.watch_mut(kind);
        watch.connection = Connection::Down;
        watch.errors += 1;
        watch.last_error = Some(reason.clone());
    });
    if lost {
        warn!(watch = kind.name(), %reason, "connection to the API server lost; what is known stays in use");
    }
}

/// An error with its causes: hyper's own text ends before the reason.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    text
}
