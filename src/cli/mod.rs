//! What a person types, and what the program answers.
//!
//! Results go to stdout, errors and logs to stderr. The exit code is 0 where all is well, 1 for a negative finding
//! (no node fits), 2 for bad usage or input.

mod agent;
mod client;
mod config;
mod demo;
mod explain;
mod logs;
mod output;
mod serve;
mod snapshot;
mod vitals;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// Where a gpulse on this machine, or a port-forward to one, is asked.
const DEFAULT_SERVER: &str = "http://127.0.0.1:9090";

/// Places GPU pods by what the GPUs are really doing: a Kubernetes scheduler extender.
#[derive(Debug, Parser)]
#[command(name = "gpulse", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Start with `gpulse demo`: it needs no Kubernetes, no Prometheus and no GPU.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the extender that kube-scheduler asks.
    Serve(serve::Arguments),
    /// See what gpulse is for: the real server, a recorded cluster, a stream of pods.
    Demo(demo::Arguments),
    /// Say why a pod went, or did not go, where it did; with -f, what would happen now.
    Explain(explain::Arguments),
    /// Save the picture that gpulse decides from, for replay and planning.
    Snapshot(snapshot::Arguments),
    /// Serve the GPUs of this node as metrics, under dcgm-exporter's names; --once prints them.
    Agent(Box<agent::Arguments>),
    /// Check, print or describe the configuration.
    Config(config::Arguments),
}

/// How a command that could be carried out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// All is well.
    Good,
    /// The answer is no.
    Negative,
}

/// Runs the program by the process's arguments. The one place that turns an error into an exit code.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    // reqwest, kube and our own TLS all take the process's provider; a second installation is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let finding = runtime(&arguments.command).and_then(|runtime| {
        runtime.block_on(async {
            match arguments.command {
                Command::Serve(arguments) => serve::run(arguments).await,
                Command::Demo(arguments) => demo::run(arguments).await,
                Command::Explain(arguments) => explain::run(arguments).await,
                Command::Snapshot(arguments) => snapshot::run(arguments).await,
                Command::Agent(arguments) => agent::run(*arguments).await,
                Command::Config(arguments) => config::run(&arguments),
            }
        })
    });
    match finding {
        Ok(Finding::Good) => ExitCode::SUCCESS,
        Ok(Finding::Negative) => ExitCode::from(1),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is gone too, there is nobody left to tell.
            let _ = complain(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Resolves at SIGTERM or SIGINT. The handlers stand from the call on, so that no signal finds us without.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM received"),
            _ = interrupt.recv() => tracing::info!("SIGINT received"),
        }
    })
}

/// Writes a line to stderr.
fn complain(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stderr(), "gpulse: {text}")
}

/// The agent writes a page now and then, and GPU nodes have a hundred cores: a thread for each would be its memory.
const AGENT_THREADS: usize = 2;

fn runtime(command: &Command) -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if matches!(command, Command::Agent(_)) {
        builder.worker_threads(AGENT_THREADS);
    }
    Ok(builder.enable_all().build()?)
}

/// Whoever read our output has seen enough (`gpulse config schema | head`): no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Reads a file, or stdin where it is `-`.
fn read_input(path: &std::path::Path) -> anyhow::Result<String> {
    use anyhow::Context;
    if path.as_os_str() == "-" {
        return std::io::read_to_string(std::io::stdin()).context("stdin");
    }
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}
