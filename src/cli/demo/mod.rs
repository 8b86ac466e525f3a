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
use crate::cluster::PerMille;
use crate::extender::DEFAULT_PROFILE;
use crate::placement::strategy::worst_fit;
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
    let stopped = super::stop_signal()?;
    let recording = Arc::new(Recording::embedded(arguments.seed)?);
    let ports = if arguments.once { Ports::Any } else { Ports::UsualIfFree };
    let mut copies = Copies {
        live: Copy::start(&recording, profiles(), ports)?,
        blind: Copy::start(&recording, profiles().map(without_utilization), Ports::Any)?,
    };
    let show = async {
        let arrivals = copies.play(&recording, arguments.output).await?;
        let stays = (!arguments.once).then_some(&copies);
        let report = Report::of(arguments.seed, &arrivals, stays);
        match arguments.output {
            Output::Json => print_json(&report)?,
            Output::Text => print(&render::closing(&program(), &report))?,
        }
        if !arguments.once {
            std::future::pending::<()>().await;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        shown = show => shown?,
        () = stopped => (),
    }
    copies.live.stop().await?;
    copies.blind.stop().await?;
    Ok(Finding::Good)
}

/// The two copies of the cluster.
struct Copies {
    /// Decides with live utilization.
    live: Copy,
    /// Decides by allocation alone.
    blind: Copy,
}

impl Copies {
    /// Sends the stream of pods to both, and shows for people what happens while it does.
    async fn play(&mut self, recording: &Recording, output: Output) -> anyhow::Result<Vec<Arrival>> {
        let show = |text: String| if output == Output::Text { print(&text) } else { Ok(()) };
        let paced = output == Output::Text && std::io::stdout().is_terminal();
        show(render::opening(&self.live.world))?;
        let mut arrivals = Vec::new();
        for request in workload::stream() {
            if paced {
                tokio::time::sleep(PACE).await;
            }
            let arrival = Arrival {
                with: self.live.take(&request, recording).await?,
                without: self.blind.take(&request, recording).await?,
                request,
            };
            let other = self.live.view_of_others_choice(&arrival).await?;
            show(render::row(&arrival, other.as_ref()))?;
            arrivals.push(arrival);
        }
        Ok(arrivals)
    }
}

/// Training packs, so that nodes stay whole for large jobs; inference spreads, so that answers come fast.
fn profiles() -> [Profile; 2] {
    let default = Profile::standard(DEFAULT_PROFILE);
    let inference =
        Profile { strategy: &worst_fit::STRATEGY, ..Profile::standard(workload::INFERENCE_PROFILE) };
    [default, inference]
}

fn without_utilization(profile: Profile) -> Profile {
    let utilization = UtilizationRules { weight: PerMille::default(), ..profile.utilization };
    Profile { utilization, ..profile }
}

/// The program as the user called it, so that the commands shown can be copied.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "gpulse".into())
}
