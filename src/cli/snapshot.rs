//! `gpulse snapshot`: the picture that gpulse decides from, as a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::Finding;
use super::client::{AdminPort, Answer};
use crate::clock;
use crate::cluster::FreshnessPolicy;
use crate::cluster::kubernetes::{self, Reader};
use crate::config::GpulseConfiguration;

/// Save the picture that gpulse decides from.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gpulse snapshot > cluster.json
  kubectl get nodes,pods --all-namespaces --output json | gpulse snapshot --from-kubectl - > cluster.json")]
pub(super) struct Arguments {
    /// The admin port of the gpulse to ask.
    #[arg(long, value_name = "URL", default_value = super::DEFAULT_SERVER)]
    server: String,
    /// Make it offline instead, from the JSON of `kubectl get nodes,pods -A -o json` in this file (- for stdin).
    /// It has no measurements.
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    from_kubectl: Option<PathBuf>,
    /// The configuration that says which resources are GPUs and which labels are kept.
    #[arg(long, value_name = "FILE", requires = "from_kubectl")]
    config: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Finding> {
    match &arguments.from_kubectl {
        Some(file) => convert(file, arguments.config.as_deref())?,
        None => fetch(&arguments.server).await?,
    }
    Ok(Finding::Good)
}

/// Copies a running gpulse's snapshot to stdout as it arrives.
async fn fetch(server: &str) -> anyhow::Result<()> {
    let mut response = match AdminPort::at(server)?.get("/v1/snapshot", &[]).await? {
        Answer::Found(response) => response,
        Answer::NotFound(error) => bail!("{server} has no snapshot: {error}"),
    };
    let mut stdout = std::io::stdout().lock();
    while let Some(part) = response.chunk().await.context("the snapshot broke off")? {
        stdout.write_all(&part)?;
    }
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

fn convert(file: &Path, config: Option<&Path>) -> anyhow::Result<()> {
    let reader = match config {
        Some(path) => GpulseConfiguration::load(path)?.resolve(&path.display().to_string())?.reader,
        None => Reader::default(),
    };
    let json = super::read_input(file)?;
    let now = clock::now();
    let (snapshot, dropped) =
        kubernetes::snapshot_from_list(json.as_bytes(), &reader, now, FreshnessPolicy::default())
            .with_context(|| file.display().to_string())?;
    write!(std::io::stderr(), "{dropped}")?;
    let mut stdout = std::io::stdout().lock();
    snapshot.save(&mut stdout)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}
