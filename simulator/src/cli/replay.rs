//! `gpulse-sim replay`: decisions of a running gpulse, decided again.

use std::path::PathBuf;

use clap::Args;

use super::Finding;
use super::printing::Printing;
use super::profile::OtherProfile;
use super::source::{Strictness, name, open};
use crate::input::read_recording;
use crate::output::replay::Report;
use crate::replay::Replay;

/// Decide again what a running gpulse decided, from the same cluster.
///
/// By their own profiles decisions must come out the same: the exit code is 1 where one does not. By another one this
/// shows which pods would have gone elsewhere; the cluster stays what it became by the decisions that were taken.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  curl --silent 'http://127.0.0.1:9090/v1/recording?decisions=1000' > recording.jsonl
  gpulse-sim replay recording.jsonl
  gpulse-sim replay recording.jsonl --strategy fragmentation")]
pub(super) struct Arguments {
    /// The recording, - for stdin.
    #[arg(value_name = "FILE")]
    recording: PathBuf,
    #[command(flatten)]
    instead: OtherProfile,
    #[command(flatten)]
    strictness: Strictness,
    #[command(flatten)]
    printing: Printing,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.printing.prepare()?;
    let instead = arguments.instead.resolve()?;
    let mut replay = Replay::by(instead.clone());
    let file = name(&arguments.recording);
    let (version, cut_off) = read_recording(&file, open(&arguments.recording)?, |line| replay.take(line))?;
    let mut doubts = Vec::new();
    if cut_off {
        doubts.push(format!("{file}: the last line was cut off and is left out"));
    }
    if replay.tally.missed > 0 {
        doubts.push(format!("{file}: decisions that the recording lacks: {}", replay.tally.missed));
    }
    arguments.strictness.judge(&doubts)?;
    let report = Report::of(version, instead, replay);
    arguments.printing.print(&report)?;
    let as_recorded = report.instead.is_some() || report.same == report.decisions;
    Ok(if as_recorded { Finding::Good } else { Finding::Negative })
}
