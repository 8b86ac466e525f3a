//! That nobody waits too long.

use super::fleet::{Fleet, Purchase};
use super::nodes::{Need, Shortfall};
use crate::placement::Strategy;
use crate::policy::Choice;
use crate::run::{Experiment, Outcome, Size, Traffic, experiment};
use crate::runs::Shard;

/// That 95 of a hundred pods of each size wait no longer than so long while pods come and go, and that every pod fits
/// some node: for every seed.
#[derive(Debug)]
pub struct ShortWaits<'a> {
    /// Who places them.
    pub strategy: &'static Strategy,
    /// The pods that come, as often as they do to the cluster as it stands: more nodes bring no more pods.
    pub traffic: &'a Traffic,
    /// The seeds that they are drawn from.
    pub seeds: Vec<u64>,
    /// How long they may wait, in milliseconds.
    pub p95_ms: u64,
    /// On how many threads.
    pub jobs: usize,
}

/// Who waits longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongestWait {
    /// Pods of which size.
    pub size: Size,
    /// What 95 of a hundred of them wait at most, in milliseconds.
    pub p95_ms: u64,
}

impl ShortWaits<'_> {
    /// Of the sizes of pods the one that waits longest with these nodes, over all seeds; `None` where nobody comes.
    #[must_use]
    pub fn longest(&self, fleet: &Fleet, purchase: &Purchase) -> Option<LongestWait> {
        self.outcomes(fleet, purchase).iter().flat_map(waits).max_by_key(|wait| wait.p95_ms)
    }

    fn outcomes(&self, fleet: &Fleet, purchase: &Purchase) -> Vec<Outcome> {
        let plan = Experiment {
            policies: vec![Choice::Own(self.strategy)],
            seeds: self.seeds.clone(),
            shard: Shard::default(),
            node_timeline: false,
        };
        let finished = experiment(&fleet.with(purchase), self.traffic, &plan, self.jobs, &|| true, &|_| {});
        finished.into_iter().map(|finished| finished.outcome).collect()
    }
}

impl Need for ShortWaits<'_> {
    /// By how many milliseconds too long the sizes of pods wait, and how many pods fit nowhere, over all seeds.
    fn shortfall(&mut self, fleet: &Fleet, purchase: &Purchase) -> Shortfall {
        let outcomes = self.outcomes(fleet, purchase);
        let too_long = outcomes.iter().flat_map(waits).map(|wait| wait.p95_ms.saturating_sub(self.p95_ms));
        let refused = outcomes.iter().flat_map(|outcome| outcome.refused.values());
        let amount = too_long.sum::<u64>() + refused.sum::<u64>();
        Shortfall { amount, homeless: Vec::new() }
    }
}

fn waits(outcome: &Outcome) -> impl Iterator<Item = LongestWait> {
    outcome.waits_by_size.iter().map(|(size, waits)| LongestWait { size: *size, p95_ms: waits.p95_ms })
}
