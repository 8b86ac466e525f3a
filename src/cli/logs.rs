//! Logs: events to stderr, for people or for collectors.

use anyhow::Context;
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

#[derive(Debug, Args)]
pub(super) struct LogArguments {
    /// Write events as text for people, or as one JSON object a line for collectors.
    #[arg(long, value_enum, env = "GPULSE_LOG_FORMAT", default_value_t)]
    log_format: Format,
    /// What to write: error, warn, info, debug or trace, also by module. At debug there is one event for each decision.
    /// The Kubernetes client is silent by default: it would report each retry of an outage that gpulse reports once.
    #[arg(long, value_name = "LEVEL", env = "GPULSE_LOG_LEVEL", default_value = "info,kube_client=off")]
    log_level: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

impl LogArguments {
    /// Begins to write events.
    pub(super) fn start(&self) -> anyhow::Result<()> {
        let refuse = || {
            format!(
                "--log-level: expected a level such as info or info,kube=debug, found {:?}",
                self.log_level
            )
        };
        let filter = EnvFilter::builder().parse(&self.log_level).with_context(refuse)?;
        // anstream takes the colours out again where stderr is no terminal or somebody objects.
        let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(anstream::stderr);
        let started = match self.log_format {
            Format::Text => events.try_init(),
            Format::Json => {
                events.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
            }
        };
        started.map_err(|error| anyhow::anyhow!("the log: {error}"))
    }
}
