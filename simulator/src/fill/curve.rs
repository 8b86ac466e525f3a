//! How full the cluster is, by how much has arrived.

use super::refusals::Failures;
use crate::stats::rounded;

/// How a run stood while one whole percent of the cluster's GPUs had arrived as demand.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The percent: demand of all pods that had come, in GPUs of the cluster, rounded.
    pub arrived_pct: u32,
    /// GPUs in use, in percent of all: the mean over the pods of this percent, as the paper has it.
    pub allocation_pct: f64,
    /// Idle GPUs that the typical pods cannot use, in percent of all; likewise.
    pub fragmentation_pct: f64,
    /// Pods that had found no place by the end of this percent.
    pub failures: Failures,
}

/// The points of a run, one for each percent at which a pod came, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    capacity_milli: u64,
    points: Vec<Point>,
    pods: u64,
    allocated_milli: u64,
    fragmented_milli: f64,
}

impl Curve {
    /// Of a cluster with so many thousandths of a GPU.
    pub(super) fn new(capacity_milli: u64) -> Self {
        Self { capacity_milli, points: Vec::new(), pods: 0, allocated_milli: 0, fragmented_milli: 0.0 }
    }

    /// Notes how things stand after a pod.
    pub(super) fn record(&mut self, arrived: u64, allocated: u64, fragmented: f64, failures: &Failures) {
        let arrived_pct = ((arrived * 200 / self.capacity_milli).div_ceil(2)) as u32;
        if self.points.last().is_none_or(|point| point.arrived_pct != arrived_pct) {
            self.points.push(Point {
                arrived_pct,
                allocation_pct: 0.0,
                fragmentation_pct: 0.0,
                failures: Failures::default(),
            });
            (self.pods, self.allocated_milli, self.fragmented_milli) = (0, 0, 0.0);
        }
        self.pods += 1;
        self.allocated_milli += allocated;
        self.fragmented_milli += fragmented;
        let whole = (self.capacity_milli * self.pods) as f64 / 100.0;
        if let Some(point) = self.points.last_mut() {
            point.allocation_pct = rounded(self.allocated_milli as f64 / whole);
            point.fragmentation_pct = rounded(self.fragmented_milli / whole);
            point.failures = *failures;
        }
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }
}
