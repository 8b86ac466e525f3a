//! What can be bought, and the answer to what should be.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::{Placing, Standing};
use crate::cli::Finding;
use crate::cli::interrupt::Interrupt;
use crate::cli::printing::Printing;
use crate::cli::source::{Times, name, open, unread};
use crate::input::{PodTimes, read_catalogue};
use crate::output::plan::{Goal, NodesReport, StrategyNeed};
use crate::placement::Strategy;
use crate::plan::{Fleet, Need, needed, shapes_of};

/// What can be bought.
#[derive(Debug, Args)]
pub(super) struct Buying {
    /// What can be bought: CSV with the columns name, cpu_milli, memory_mib, gpu, model and price. Without it, nodes of
    /// the shapes that there are; without prices, the fewest GPUs are the cheapest.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    #[command(flatten)]
    placing: Placing,
    #[command(flatten)]
    printing: Printing,
}

impl Buying {
    /// The cluster with its catalogue, and the times of its pods, of which there must be some.
    pub(super) fn fleet(
        &self,
        standing: &Standing,
        times: Times,
        from_nothing: bool,
    ) -> anyhow::Result<(Fleet, Vec<PodTimes>)> {
        self.printing.prepare()?;
        if standing.pods.is_none() {
            bail!("found no pods that are to come, expected --pods");
        }
        let (cluster, table, times) = standing.read(times)?;
        let catalogue = match &self.catalogue {
            None => shapes_of(&cluster),
            Some(file) => {
                let (shapes, others) = read_catalogue(&name(file), open(file)?)?;
                standing.strictness.judge(&unread(file, &others).collect::<Vec<_>>())?;
                shapes
            }
        };
        let base = if from_nothing { cluster.without_nodes() } else { cluster };
        Ok((Fleet::new(base, table, catalogue), times))
    }

    /// The seeds.
    pub(super) fn seeds(&self) -> &[u64] {
        &self.placing.seeds.0
    }

    /// On how many threads.
    pub(super) fn jobs(&self) -> usize {
        self.placing.jobs.threads()
    }

    /// Finds out what to buy under each strategy, and prints it. `need` makes what is needed of a strategy, `now` says how
    /// it is as things stand.
    pub(super) fn answer<N: Need>(
        &self,
        fleet: &Fleet,
        goal: Goal,
        mut need: impl FnMut(&'static Strategy) -> N,
        now: impl Fn(&mut N) -> String,
    ) -> anyhow::Result<Finding> {
        let interrupt = Interrupt::listen()?;
        let mut answers = Vec::new();
        for strategy in self.placing.strategies()? {
            let mut need = need(strategy);
            let now = now(&mut need);
            let found = needed(fleet, &mut need, &|| !interrupt.asked());
            answers.push(StrategyNeed { strategy, now, found });
        }
        let report = NodesReport::of(fleet, goal, self.seeds(), &answers);
        self.printing.print(&report)?;
        Ok(if report.is_answered() { Finding::Good } else { Finding::Negative })
    }
}
