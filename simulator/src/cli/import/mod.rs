//! `gpulse-sim import`: what others write, as a snapshot and a trace.

mod files;
mod kubectl;
mod tables;

use clap::{Args, Subcommand};

use super::Finding;

/// Make a snapshot (for --nodes) and a trace (for --pods) from what others write.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// From a real cluster: kubectl get nodes,pods --all-namespaces --output json.
    Kubectl(kubectl::Arguments),
    /// From the tables of the openb trace (Alibaba).
    Openb(tables::Openb),
    /// From the table of the Philly trace (Microsoft).
    Philly(tables::Philly),
    /// From any CSV table, by a map of its columns.
    Csv(tables::Csv),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    match &arguments.from {
        From::Kubectl(arguments) => kubectl::run(arguments)?,
        From::Openb(arguments) => tables::openb(arguments)?,
        From::Philly(arguments) => tables::philly(arguments)?,
        From::Csv(arguments) => tables::csv(arguments)?,
    }
    Ok(Finding::Good)
}
