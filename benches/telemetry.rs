//! What a refresh of telemetry costs: the real task reads a large answer of a pretended Prometheus again and again, on a
//! board that shows the nodes and pods. What counts is by how much the memory of the process grows.
//!
//! Run `cargo bench --bench telemetry`; as part of the tests it runs tiny.
#![expect(clippy::print_stdout, reason = "a bench prints")]

mod fixture {
    pub(crate) mod memory;
}
mod pretended_prometheus {
    pub(crate) mod fleet;
    pub(crate) mod rows;
}

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use fixture::memory::Memory;
use futures::stream;
use gpulse::clock;
use gpulse::cluster::Period;
use gpulse::telemetry::{Mode, PrometheusConfig, TelemetryConfig, TelemetrySource, start};
use pretended_prometheus::fleet::{self, GPUS};
use pretended_prometheus::rows;

/// How long the bench waits for the next refresh.
const PATIENCE: Duration = Duration::from_secs(80);

#[tokio::main]
async fn main() -> Result<()> {
    // Cargo says `--bench` only when somebody measures.
    let measured = std::env::args().any(|argument| argument == "--bench");
    if measured { measure(5000, 8).await } else { measure(20, 2).await }
}

/// Refreshes so many times.
async fn measure(nodes: usize, refreshes: u64) -> Result<()> {
    let bytes: usize = rows::body(nodes, clock::now()).map(|piece| piece.len()).sum();
    let url = serve(nodes).await?;
    let board = Arc::new(fleet::board(nodes)?);
    println!(
        "\n{nodes} nodes, {} GPUs, each held by a pod; an answer of {:.1} MB",
        nodes * GPUS,
        bytes as f64 / 1e6
    );
    println!("  before               {}", memory()?);
    let config = TelemetryConfig {
        source: TelemetrySource::Prometheus(PrometheusConfig { url, ..PrometheusConfig::default() }),
        refresh_interval: Period(Duration::from_millis(500)),
        timeout: Period(PATIENCE),
        ..TelemetryConfig::default()
    };
    let handle = start(config, board.clone())?;
    let mut status = handle.watch();
    for refresh in 1..=refreshes {
        let done = status.wait_for(|status| status.refreshes_ok >= refresh || status.refreshes_failed > 0);
        let status = tokio::time::timeout(PATIENCE, done).await.context("no refresh")??.clone();
        ensure!(status.mode == Mode::Live, "{status:?}");
        println!("  refresh {refresh}, {:5} ms  {}", status.refresh_millis, memory()?);
    }
    let known: usize = board.snapshot(clock::now()).nodes().map(|node| node.gpus().len()).sum();
    ensure!(known == nodes * GPUS, "expected {} GPUs on the board, found {known}", nodes * GPUS);
    Ok(())
}

/// A Prometheus that answers everything with the fleet's rows, made while they are sent.
async fn serve(nodes: usize) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let answer = move || async move {
        let pieces = rows::body(nodes, clock::now()).map(Ok::<_, Infallible>);
        ([(CONTENT_TYPE, "application/json")], Body::from_stream(stream::iter(pieces)))
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    Ok(url)
}

fn memory() -> Result<String> {
    let Memory { resident_mib, most_mib } = Memory::of("self")?;
    Ok(format!("resident {resident_mib:6.1} MiB, at most {most_mib:6.1} MiB so far"))
}
