//! Strategies as people name them.

use anyhow::bail;
use clap::Args;

use crate::placement::{STRATEGIES, Strategy};
use crate::policy::{Choice, PAPER};
use crate::workload::Workload;

/// The strategies that a command tries.
#[derive(Debug, Args)]
pub(super) struct Strategies {
    /// The strategies, with commas between them; `own` are gpulse's, `paper` those of the FGD paper, `all` are both.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all")]
    strategy: Vec<String>,
}

impl Strategies {
    /// The strategies of these names, each once.
    ///
    /// # Errors
    /// Where a name is none, or a policy of the paper cannot see all of the workload.
    pub(super) fn chosen(&self, workload: &Workload) -> anyhow::Result<Vec<Choice>> {
        let mut chosen: Vec<Choice> = Vec::new();
        for name in &self.strategy {
            let named = named(name);
            if named.is_empty() {
                let known: Vec<&str> = Choice::all().map(Choice::name).collect();
                bail!("--strategy: found {name:?}, expected all, own, paper or some of {}", known.join(", "));
            }
            for choice in named {
                if chosen.iter().all(|other| other.name() != choice.name()) {
                    chosen.push(choice);
                }
            }
        }
        if let Some(beyond) = &workload.beyond_paper
            && let Some(Choice::Paper(baseline)) =
                chosen.iter().find(|choice| matches!(choice, Choice::Paper(_)))
        {
            bail!(
                "--strategy: {} knows whole GPUs and free shares of nvidia.com/gpu only, and {beyond}: expected own, or some of its names",
                baseline.name
            );
        }
        Ok(chosen)
    }
}

/// gpulse's own strategies of these names, each once.
///
/// # Errors
/// Where a name is none of theirs.
pub(super) fn own(names: &[String]) -> anyhow::Result<Vec<&'static Strategy>> {
    let mut chosen: Vec<&'static Strategy> = Vec::new();
    for name in names {
        let Some(strategy) = STRATEGIES.iter().find(|strategy| strategy.name == *name) else {
            let known: Vec<&str> = STRATEGIES.iter().map(|strategy| strategy.name).collect();
            bail!(
                "--strategy: found {name:?}, expected some of {}: plans are for what can be run",
                known.join(", ")
            );
        };
        if chosen.iter().all(|other| other.name != strategy.name) {
            chosen.push(strategy);
        }
    }
    Ok(chosen)
}

fn named(name: &str) -> Vec<Choice> {
    match name {
        "all" => Choice::all().collect(),
        "paper" => PAPER.iter().copied().map(Choice::Paper).collect(),
        "own" => STRATEGIES.iter().copied().map(Choice::Own).collect(),
        name => Choice::named(name).into_iter().collect(),
    }
}

/// The help's list of strategies.
pub(super) fn help() -> String {
    let line = |choice: Choice| format!("  {:15} {}\n", choice.name(), choice.summary());
    let own: String = STRATEGIES.iter().copied().map(Choice::Own).map(line).collect();
    let paper: String = PAPER.iter().copied().map(Choice::Paper).map(line).collect();
    format!("Strategies of gpulse:\n{own}\nPolicies of the FGD paper, in simulation only:\n{paper}")
}
