//! The size of a large cluster, with a real API server and a real kube-scheduler: how soon gpulse is ready and right
//! with 5,000 nodes and 40,000 pods, what it holds, how soon it sees a change; and how many pods a second the scheduler
//! places with gpulse, with an extender that decides nothing, and without any.
//!
//! Run `cargo bench --bench scale`; as part of the tests it runs tiny.
#![expect(clippy::print_stdout, reason = "a bench prints")]

mod fixture {
    pub(crate) mod connection;
    pub(crate) mod fleet;
    pub(crate) mod latency;
    pub(crate) mod memory;
    pub(crate) mod null_extender;
    pub(crate) mod picture;
    pub(crate) mod wire;
}
mod large_cluster {
    pub(crate) mod delivery;
    pub(crate) mod start;
    pub(crate) mod throughput;
}

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use testbed::{Api, ControlPlane, Gpulse, GpulseOptions};

/// Requests to the API server at a time.
const AT_A_TIME: usize = 32;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // Cargo says `--bench` only when somebody measures.
    let measured = std::env::args().any(|argument| argument == "--bench");
    if measured {
        for nodes in [200, 1000] {
            large_cluster::throughput::measure(nodes, 500, 3).await?;
        }
        large_cluster::start::measure(5000, 3, 50).await
    } else {
        large_cluster::throughput::measure(10, 50, 1).await?;
        large_cluster::start::measure(10, 1, 2).await
    }
}

/// Creates objects, many at a time.
async fn create_all(api: &Api, objects: impl IntoIterator<Item = Value>) -> Result<()> {
    let create = |object: Value| async move { api.create(&object).await.map(drop) };
    stream::iter(objects).map(Ok).try_for_each_concurrent(AT_A_TIME, create).await
}

/// A gpulse that watches the control plane and is not started yet.
fn gpulse(control_plane: &ControlPlane) -> Result<Gpulse> {
    let options = GpulseOptions {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_gpulse")),
        kubeconfig: control_plane.kubeconfig(),
        flags: Vec::new(),
    };
    Gpulse::prepare(options, |extender: SocketAddr, admin: SocketAddr| {
        format!(
            "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\n\
             server: {{address: \"{extender}\"}}\nadmin: {{address: \"{admin}\"}}\ntelemetry: {{source: none}}\n"
        )
    })
}
