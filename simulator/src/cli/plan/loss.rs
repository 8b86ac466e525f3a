//! `gpulse-sim plan loss`.

use anyhow::bail;
use clap::Args;

use super::{Filled, Placing};
use crate::cli::Finding;
use crate::cli::printing::Printing;
use crate::output::plan::LossReport;
use crate::plan::{by_label, by_node, losses};

/// Who finds no place any more when a node, or all nodes with the same value of a label, are lost?
///
/// The pods of what is lost come again, by priority and else in the order in which they came, and are placed on the
/// rest. With several seeds the worst of them counts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gpulse-sim plan loss --nodes cluster.json
  gpulse-sim plan loss --nodes cluster.json --by-label topology.kubernetes.io/zone")]
pub(super) struct Arguments {
    #[command(flatten)]
    filled: Filled,
    /// Lose together the nodes that have the same value of this label, such as topology.kubernetes.io/zone (of a table:
    /// its column zone), instead of each node for itself.
    #[arg(long, value_name = "LABEL")]
    by_label: Option<String>,
    #[command(flatten)]
    placing: Placing,
    #[command(flatten)]
    printing: Printing,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.printing.prepare()?;
    let strategies = arguments.placing.strategies()?;
    let workload = arguments.filled.load()?;
    let domains = match &arguments.by_label {
        None => by_node(&workload),
        Some(label) => {
            let (domains, without) = by_label(&workload, label);
            if domains.is_empty() {
                bail!(
                    "--by-label: no node has the label {label}: a table has zones alone, and a snapshot the labels that gpulse's configuration, or --keep-label of the import, names"
                );
            }
            if without > 0 {
                crate::cli::complain(&format!(
                    "warning: {without} nodes have no label {label}, and are not lost"
                ));
            }
            domains
        }
    };
    let placing = &arguments.placing;
    let found = placing.ask(&strategies, &arguments.filled, &workload, |settled| losses(settled, &domains));
    let report = LossReport::of(&workload, arguments.by_label.as_deref(), &placing.seeds.0, &found);
    arguments.printing.print(&report)?;
    Ok(if report.is_safe() { Finding::Good } else { Finding::Negative })
}
