//! `gpulse explain`: why a pod went, or would go, where.

mod render;

use std::path::PathBuf;

use clap::Args;

use super::Finding;
use super::client::{AdminPort, Answer};
use super::output::{Output, print, print_json};
use crate::cluster::kubernetes::pod_of_manifest;
use crate::extender::ExplainReply;

/// Say why a pod went, or did not go, where it did.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 where a node fits, 1 where none does or nothing is known of the pod, 2 for bad usage or input.

Examples:
  gpulse explain training/llama-7b
  gpulse explain -f pod.yaml --profile training
  kubectl port-forward --namespace gpulse-system deployment/gpulse 9090 &  # then as above")]
pub(super) struct Arguments {
    /// A pod that was asked about, as NAMESPACE/NAME.
    #[arg(value_name = "NAMESPACE/POD", required_unless_present = "file")]
    pod: Option<String>,
    /// Ask instead what would happen now to the pod in this manifest (- for stdin): YAML or JSON of a Pod, or of a
    /// Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob, whose template is taken.
    #[arg(short, long, value_name = "FILE", conflicts_with = "pod")]
    file: Option<PathBuf>,
    /// The admin port of the gpulse to ask.
    #[arg(long, value_name = "URL", default_value = super::DEFAULT_SERVER)]
    server: String,
    /// The profile: of several decisions on the pod, the one by this profile; with -f, the one to decide by.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// How many nodes to show in full, best first; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Print for people (text) or for programs (json).
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Finding> {
    let server = AdminPort::at(&arguments.server)?;
    let profile = arguments.profile.as_deref().map(|profile| ("profile", profile));
    let answer = match (&arguments.file, &arguments.pod) {
        (Some(file), _) => {
            let pod = pod_of_manifest(&super::read_input(file)?, &file.display().to_string())?;
            server.post("/v1/explain", &profile.into_iter().collect::<Vec<_>>(), &pod).await?
        }
        (None, pod) => {
            let pod = ("pod", pod.as_deref().unwrap_or_default());
            server.get("/v1/explain", &profile.into_iter().chain([pod]).collect::<Vec<_>>()).await?
        }
    };
    let reply: ExplainReply = match answer {
        Answer::Found(response) => response.json().await?,
        Answer::NotFound(error) => {
            super::complain(&error)?;
            return Ok(Finding::Negative);
        }
    };
    match arguments.output {
        Output::Json => print_json(&reply)?,
        Output::Text => print(&render::text(&reply, arguments.limit))?,
    }
    let fits = reply.explanation.nodes.iter().any(|node| node.rejected.is_none());
    Ok(if fits { Finding::Good } else { Finding::Negative })
}
