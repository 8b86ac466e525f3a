//! What came of the stream of pods.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Copies;
use super::workload::Request;
use crate::cluster::PerMille;

/// Whether a GPU is so busy that nobody would choose to share it: more than half.
pub(super) fn is_busy(load: PerMille) -> bool {
    load > PerMille::new(500)
}

/// A pod, and where each copy of the cluster put it.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) request: Request,
    pub(super) with: Landing,
    pub(super) without: Landing,
}

/// Where a pod landed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub(super) enum Landing {
    /// On a node.
    #[serde(rename_all = "camelCase")]
    Placed {
        /// The node.
        node: String,
        /// Its points, 0 to 10.
        points: i64,
        /// How busy each GPU was that the pod got, just before, in thousandths.
        #[serde(rename = "gpuLoads")]
        found: Vec<PerMille>,
    },
    /// Nowhere: how many nodes refused for which reason.
    Refused {
        /// Counts by reason.
        reasons: BTreeMap<String, usize>,
    },
}

impl Landing {
    /// How busy the GPUs were that the pod got.
    pub(super) fn found(&self) -> &[PerMille] {
        match self {
            Self::Placed { found, .. } => found,
            Self::Refused { .. } => &[],
        }
    }

    /// The busiest of them, which is the one that a training job waits for.
    pub(super) fn busiest(&self) -> Option<PerMille> {
        self.found().iter().copied().max()
    }
}

/// The whole run, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    pub(super) seed: u64,
    pub(super) pods: Vec<PodReport<'a>>,
    pub(super) with_utilization: Tally,
    pub(super) by_allocation_alone: Tally,
    /// Where the servers listen, while they stay up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) servers: Option<Servers<'a>>,
}

/// Where the servers listen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Servers<'a> {
    /// The extender port of the one that decides with live utilization.
    pub(super) extender: &'a str,
    /// Its admin port.
    pub(super) admin: &'a str,
    /// The admin port of the one that decides by allocation alone.
    pub(super) other_admin: &'a str,
}

/// One pod of the run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodReport<'a> {
    pub(super) pod: String,
    pub(super) asks: String,
    pub(super) with_utilization: &'a Landing,
    pub(super) by_allocation_alone: &'a Landing,
}

/// What came of one copy of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tally {
    /// Pods that found a node.
    pub(super) placed: usize,
    /// Those of them that got a GPU which was more than half busy already.
    pub(super) on_busy_gpus: usize,
    /// Mean load of the GPUs that pods got, just before, in thousandths.
    pub(super) mean_load: PerMille,
}

impl<'a> Report<'a> {
    /// Sums up; `stay` are the copies whose servers stay up.
    pub(super) fn of(seed: u64, arrivals: &'a [Arrival], stay: Option<&'a Copies>) -> Self {
        Self {
            servers: stay.map(|copies| Servers {
                extender: &copies.live.server_url,
                admin: &copies.live.admin_url,
                other_admin: &copies.blind.admin_url,
            }),
            seed,
            with_utilization: Tally::of(arrivals.iter().map(|arrival| &arrival.with)),
            by_allocation_alone: Tally::of(arrivals.iter().map(|arrival| &arrival.without)),
            pods: arrivals
                .iter()
                .map(|arrival| PodReport {
                    pod: arrival.request.key().to_string(),
                    asks: arrival.request.asks(),
                    with_utilization: &arrival.with,
                    by_allocation_alone: &arrival.without,
                })
                .collect(),
        }
    }
}

impl Tally {
    fn of<'a>(landings: impl Iterator<Item = &'a Landing>) -> Self {
        let landings: Vec<&Landing> = landings.collect();
        let placed = landings.iter().filter(|landing| matches!(landing, Landing::Placed { .. })).count();
        let busy = |landing: &&&Landing| landing.busiest().is_some_and(is_busy);
        let loads: Vec<u64> =
            landings.iter().flat_map(|landing| landing.found()).map(|load| u64::from(load.get())).collect();
        let mean = loads.iter().sum::<u64>().checked_div(loads.len() as u64).unwrap_or(0);
        Self {
            placed,
            on_busy_gpus: landings.iter().filter(busy).count(),
            mean_load: PerMille::new(mean as u16),
        }
    }
}
