//! That every pod finds a place.

use super::fleet::{Fleet, Purchase};
use super::nodes::{Need, Shortfall};
use super::settle::{Homeless, settle};
use crate::fragmentation::{Measure, Mix};
use crate::parallel;
use crate::placement::Strategy;
use crate::policy::Stage;
use crate::workload::{Workload, in_drawn_order};

/// That every pod finds a place, in whichever of several orders they come.
#[derive(Debug)]
pub struct EverybodyPlaced {
    /// Who places them.
    pub strategy: &'static Strategy,
    /// The seeds that the orders are drawn from.
    pub seeds: Vec<u64>,
    /// On how many threads.
    pub jobs: usize,
}

impl EverybodyPlaced {
    /// By seed, the pods that find no place.
    fn by_seed(&self, workload: &Workload) -> Vec<Vec<Homeless>> {
        let measure = Measure::of(workload, &Mix::typical(workload));
        parallel::in_order(&self.seeds, self.jobs, &|| true, &|_| {}, |seed| {
            let stage = Stage { workload, measure: &measure, seed: *seed };
            settle(stage, self.strategy, &in_drawn_order(workload, *seed)).homeless
        })
    }
}

impl Need for EverybodyPlaced {
    /// How many pods find no place, over all seeds, and which, for the first seed that leaves any.
    fn shortfall(&mut self, fleet: &Fleet, purchase: &Purchase) -> Shortfall {
        let by_seed = self.by_seed(&fleet.with(purchase));
        let amount = by_seed.iter().flatten().map(|group| group.pods).sum();
        let homeless = by_seed.into_iter().find(|homeless| !homeless.is_empty()).unwrap_or_default();
        Shortfall { amount, homeless }
    }
}
