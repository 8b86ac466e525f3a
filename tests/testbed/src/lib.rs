//! The real thing on one machine, for end-to-end tests and the playground: etcd, kube-apiserver, kube-scheduler and
//! Prometheus as processes, a pretended dcgm-exporter in this one, and the gpulse binary beside them. A [`Node`] is a
//! real kubelet with real containers, and pretends only its GPUs.
//!
//! ```text
//! scenario -> Exporter or Agents -> Prometheus -> FaultProxy -> Gpulse -> Scheduler -> ControlPlane
//! ```
//!
//! Every process is killed when its handle is dropped, on panic too, and also when this process dies without
//! dropping anything (see [`process`]). Logs are kept where a test panics, and the place is printed.

pub mod agent;
pub mod api;
pub mod binaries;
pub mod control_plane;
pub mod exporter;
pub mod fault_proxy;
pub mod gpulse;
pub mod http;
pub mod node;
pub mod objects;
pub mod packages;
pub mod ports;
pub mod process;
pub mod prometheus;
pub mod scheduler;
pub mod scratch;

pub use agent::Agent;
pub use api::Api;
pub use control_plane::{Authorization, ControlPlane};
pub use exporter::Exporter;
pub use exporter::scenario::{NodeScenario, Scenario};
pub use fault_proxy::{Fault, FaultProxy};
pub use gpulse::{Gpulse, GpulseOptions};
pub use node::Node;
pub use prometheus::Prometheus;
pub use scheduler::{Scheduler, SchedulerConfig};

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    let testbed = Path::new(env!("CARGO_MANIFEST_DIR"));
    testbed.ancestors().nth(2).unwrap_or(testbed).to_path_buf()
}

/// Asks again and again until there is an answer.
///
/// # Errors
/// After `within` without one: says what was awaited, and the last error that an attempt gave.
pub async fn eventually<T>(
    within: Duration,
    what: &str,
    mut attempt: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = tokio::time::Instant::now() + within;
    loop {
        let last_error = match attempt().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if tokio::time::Instant::now() >= deadline {
            match last_error {
                Some(error) => return Err(error.context(format!("not within {within:?}: {what}"))),
                None => bail!("not within {within:?}: {what}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
