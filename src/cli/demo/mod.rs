//! `gpulse demo`: what gpulse is for, seen on one screen.
//!
//! Two copies of one recorded cluster, each behind the real server on loopback, are asked about the same stream of
//! pods through the same endpoints as kube-scheduler uses. One decides with live utilization, the other without.

mod copy;
mod recording;
mod render;
mod report;
mod scheduler;
mod workload;
mod world;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::Finding;
use super::output::{Output, print, print_json};
use crate::extender::DEFAULT_PROFILE;
use crate::placement::{Profile, UtilizationRules};

use copy::{Copy, Ports};
use recording::Recording;
use report::{Arrival, Report};

/// See what gpulse is for.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// End after the stream of pods; without it the servers stay up until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// What all draws follow from: the same seed shows the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print for people (text) or for programs (json).
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// On a terminal a pod arrives this often, so that the eye can follow.
const PACE: Duration = Duration::from_millis(120);

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Finding> {
    let recording = Arc::new(Recording::embedded(arguments.seed)?);
    let standard = Profile::standard(DEFAULT_PROFILE);
    let blind_rules = UtilizationRules { weight: Default::default(), ..standard.utilization };
    let blind = Profile { utilization: blind_rules, ..standard.clone() };
    let ports = if arguments.once { Ports::Any } else { Ports::UsualIfFree };
    let mut live = Copy::start(&recording, standard, ports)?;
    let mut blind = Copy::start(&recording, blind, Ports::Any)?;
    let text = arguments.output == Output::Text;
    if text {
        print(&render::opening(&live.world))?;
    }
    let mut arrivals = Vec::new();
    for request in workload::stream() {
        if text && std::io::stdout().is_terminal() {
            tokio::time::sleep(PACE).await;
        }
        let arrival = Arrival {
            with: live.take(&request, &recording).await?,
            without: blind.take(&request, &recording).await?,
            request,
        };
        let why = live.why_not(&arrival).await?;
        if text {
            print(&render::row(&arrival, why.as_ref()))?;
        }
        arrivals.push(arrival);
    }
    let report = Report::of(arguments.seed, &arrivals);
    match arguments.output {
        Output::Json => print_json(&report)?,
        Output::Text => print(&render::closing(&report))?,
    }
    if !arguments.once {
        if text {
            print(&render::invitation(&program(), &live, &blind))?;
        }
        tokio::signal::ctrl_c().await?;
    }
    live.stop().await?;
    blind.stop().await?;
    Ok(Finding::Good)
}

/// The program as the user called it, so that the commands shown can be copied.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "gpulse".into())
}
