//! What came of a run: all that a strategy's report is made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fill::{Curve, Failures, Finished};
use crate::placement::Reason;

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Its seed.
    pub seed: u64,
    /// Pods that came.
    pub pods: u64,
    /// Pods that found a place.
    pub placed: u64,
    /// GPUs in use at the end, in thousandths.
    pub allocated_milli: u64,
    /// Pods that found no place, by reason.
    pub failed: BTreeMap<String, u64>,
    /// How it went.
    pub curve: CurveReport,
}

/// A run's points, column by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CurveReport {
    /// Percents of arrived demand.
    pub arrived_pct: Vec<u32>,
    /// GPUs in use, in percent of all.
    pub allocation_pct: Vec<f64>,
    /// Idle GPUs that the typical pods cannot use, in percent of all.
    pub fragmentation_pct: Vec<f64>,
    /// Pods that had found no place so far, by reason.
    pub failed: BTreeMap<String, Vec<u64>>,
}

impl RunReport {
    pub(super) fn of(run: &Finished) -> Self {
        let outcome = &run.outcome;
        let failures = &outcome.failures;
        Self {
            seed: run.id.seed,
            pods: outcome.pods,
            placed: outcome.placed,
            allocated_milli: outcome.allocated_milli,
            failed: reasons(failures).map(|reason| (reason.name().to_owned(), failures.of(reason))).collect(),
            curve: CurveReport::of(&outcome.curve, failures),
        }
    }
}

impl CurveReport {
    /// Whether all columns are of one length.
    pub(super) fn is_even(&self) -> bool {
        let points = self.arrived_pct.len();
        let measured = [&self.allocation_pct, &self.fragmentation_pct];
        measured.iter().all(|column| column.len() == points)
            && self.failed.values().all(|column| column.len() == points)
    }

    fn of(curve: &Curve, failures: &Failures) -> Self {
        let points = || curve.points().iter();
        let failed = |reason| points().map(|point| point.failures.of(reason)).collect();
        Self {
            arrived_pct: points().map(|point| point.arrived_pct).collect(),
            allocation_pct: points().map(|point| point.allocation_pct).collect(),
            fragmentation_pct: points().map(|point| point.fragmentation_pct).collect(),
            failed: reasons(failures).map(|reason| (reason.name().to_owned(), failed(reason))).collect(),
        }
    }
}

/// The reasons that stopped a pod.
fn reasons(failures: &Failures) -> impl Iterator<Item = Reason> {
    Reason::ALL.into_iter().filter(|reason| failures.of(*reason) > 0)
}
