//! `gpulse-sim place`: where pods would go, one after the other.

use anyhow::anyhow;
use clap::Args;

use super::Finding;
use super::printing::Printing;
use super::profile::ProfileChoice;
use super::source::{Source, Times, each_pod, name};
use crate::output::place::Report;
use crate::place::Placing;

/// Say where pods would go, one after the other: node, score, and who is as good.
///
/// Each pod goes to the best of all nodes and stays there. Scores become the points that kube-scheduler sees, 0 to 10;
/// nodes with the most points are ties, which it breaks at random, or by its own scorers where they count. Rules that
/// gpulse leaves to kube-scheduler (taints, node selectors, pod affinity, the number of pods) are not looked at.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  gpulse-sim place --nodes cluster.snapshot.json --pods pods.jsonl --strategy binpack")]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    profile: ProfileChoice,
    #[command(flatten)]
    printing: Printing,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.printing.prepare()?;
    let profile = arguments.profile.resolve()?;
    let (source, mut doubts) = (&arguments.source, Vec::new());
    let cluster = source.cluster(&mut doubts)?;
    let mut placing = Placing::on(&cluster.snapshot, profile.clone());
    let (mut placements, mut refused) = (Vec::new(), None);
    each_pod(&source.pods, Times::Read, &mut doubts, |pod| match placing.place(pod.request) {
        Ok(placement) => placements.push(placement),
        Err(error) => refused = refused.take().or(Some(error)),
    })?;
    if let Some(error) = refused {
        return Err(anyhow!("{}: {error}", name(&source.pods)));
    }
    source.strictness.judge(&doubts)?;
    let report = Report::of(profile, cluster.slots.len(), placements);
    arguments.printing.print(&report)?;
    Ok(if report.without_place() == 0 { Finding::Good } else { Finding::Negative })
}
