//! `gpulse agent`: the GPUs of this node, for Prometheus or for whoever asks.

mod render;
mod top;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use tracing::info;

use super::Finding;
use super::logs::LogArguments;
use super::output::{Output, print, print_json};
use crate::agent::{Agent, Bound, Dialect, Layout, Settings, Sources};
use crate::cluster::{Period, PeriodError};
use crate::extender::ListenAddress;

/// Serve the GPUs of this node as metrics, under dcgm-exporter's names.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  gpulse agent --once                     the GPUs of this node, as a table
  gpulse agent --once --output json       the same for a script
  gpulse agent top                        the same, live
  gpulse agent --dialect dcgm-4.9         serve metrics on port 9400 until told to stop"
)]
pub(super) struct Arguments {
    /// Listen here for Prometheus and probes.
    #[arg(long, value_name = "IP:PORT", default_value = ":9400")]
    listen: ListenAddress,
    /// The generation of dcgm-exporter whose names, units and labels are used: dcgm-4.8 or dcgm-4.9.
    #[arg(long, value_name = "DIALECT", default_value_t)]
    dialect: Dialect,
    /// From one reading to the next.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = period)]
    interval: Period,
    /// Take a call of NVML that has not returned for so long as hanging.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = period)]
    hang_after: Period,
    /// NVML's library; libnvidia-ml.so.1 by default, found as the system finds libraries.
    #[arg(long, value_name = "FILE")]
    nvml: Option<PathBuf>,
    /// The node's name, for the label that carries it; without one there is no such label.
    #[arg(long, value_name = "NAME", env = "NODE_NAME", default_value = "", hide_default_value = true)]
    node_name: String,
    /// kubelet's socket that says which pods have which GPUs; empty not to ask, where there is no Kubernetes.
    #[arg(long, value_name = "FILE", default_value = "/var/lib/kubelet/pod-resources/kubelet.sock")]
    pod_resources_socket: String,
    /// From one question to kubelet to the next. A process that is new on a GPU is a reason to ask at once.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = period)]
    pod_resources_interval: Period,
    /// How long kubelet may take to answer. No scrape waits for it.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = period)]
    pod_resources_timeout: Period,
    /// Where the host's processes are.
    #[arg(long, value_name = "FOLDER", default_value = "/proc")]
    host_proc: PathBuf,
    /// kubelet's links to the logs of containers: their names say whose a container is.
    #[arg(long, value_name = "FOLDER", default_value = "/var/log/containers")]
    container_logs: PathBuf,
    /// Print the GPUs and end.
    #[arg(long)]
    once: bool,
    /// With --once: print for people (text) or for programs (json).
    #[arg(long, value_enum, default_value_t, requires = "once")]
    output: Output,
    #[command(flatten)]
    logs: LogArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at the GPUs of a node, their pods and processes, live.
    Top(top::Arguments),
}

/// Bounds of what NVML can be asked in, and of what makes sense to wait.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(3600);

fn period(text: &str) -> Result<Period, String> {
    let period: Period = text.parse().map_err(|error: PeriodError| error.to_string())?;
    match (SHORTEST..=LONGEST).contains(&period.0) {
        true => Ok(period),
        false => Err(format!("expected a duration from {} to {}", Period(SHORTEST), Period(LONGEST))),
    }
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Finding> {
    if let Some(Command::Top(arguments)) = arguments.command {
        return top::run(arguments).await;
    }
    let sources = (!arguments.pod_resources_socket.is_empty()).then(|| Sources {
        socket: arguments.pod_resources_socket.clone().into(),
        proc: arguments.host_proc.clone(),
        container_logs: arguments.container_logs.clone(),
        interval: arguments.pod_resources_interval.0,
        timeout: arguments.pod_resources_timeout.0,
    });
    let settings = Settings {
        library: arguments.nvml.clone(),
        interval: arguments.interval.0,
        hang_after: arguments.hang_after.0,
        sources,
    };
    let layout =
        Layout { dialect: arguments.dialect, node: arguments.node_name, show_for: settings.show_for() };
    if arguments.once {
        return once(settings, &layout, arguments.output).await;
    }
    arguments.logs.start()?;
    let bound = Bound::bind(arguments.listen.0)?;
    let stop = super::stop_signal()?;
    info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %bound.address()?,
        dialect = %layout.dialect,
        node = layout.node,
        interval = %arguments.interval,
        "starting"
    );
    bound.serve(Agent::start(settings)?, layout, stop).await?;
    info!("stopped");
    Ok(Finding::Good)
}

/// Prints one complete reading. What keeps it from being made, or keeps a GPU from being read, is a negative finding; that
/// it is not known whose the GPUs are is only said.
async fn once(settings: Settings, layout: &Layout, output: Output) -> anyhow::Result<Finding> {
    let agent = Agent::start(settings)?;
    if let Err(trouble) = agent.first().await {
        super::complain(&trouble.to_string())?;
        return Ok(Finding::Negative);
    }
    agent.find_holders().await;
    let overview = agent.overview(layout);
    match output {
        Output::Json => print_json(&overview)?,
        Output::Text => print(&render::text(&overview))?,
    }
    let is_well = overview.reading.iter().flat_map(|reading| &reading.gpus).all(|gpu| gpu.fault.is_none());
    Ok(if is_well { Finding::Good } else { Finding::Negative })
}
