//! How full the cluster is, by how much has arrived.

use super::refusals::Failures;
use crate::stats::rounded;

/// How a run stood while one whole percent of the cluster's GPUs had arrived as demand.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The percent: demand of all pods that had come, in GPUs of the cluster, rounded.
    pub arrived_pct: u32,
    /// GPUs in use, in percent of all: the mean over the pods of this percent, as the paper has it. Where none came at
    /// it, what there was before.
    pub allocation_pct: f64,
    /// Idle GPUs that the typical pods cannot use, in percent of all; likewise.
    pub fragmentation_pct: f64,
    /// Pods that had found no place by the end of this percent.
    pub failures: Failures,
}

/// The points of a run, one for each percent up to the last at which a pod came.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    capacity_milli: u64,
    points: Vec<Point>,
    /// After the last pod.
    now: Standing,
    /// Over the pods of the last point.
    sum: Standing,
    pods: u64,
}

/// GPUs in use, and idle ones that are fragments, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    pub(super) allocated_milli: u64,
    pub(super) fragmented_milli: f64,
}

impl Curve {
    /// Of a cluster with so many thousandths of a GPU, before the first pod.
    pub(super) fn new(capacity_milli: u64, now: Standing) -> Self {
        Self { capacity_milli, points: Vec::new(), now, sum: now, pods: 0 }
    }

    /// Notes how things stand after a pod, with which so much demand has arrived.
    pub(super) fn record(&mut self, arrived_milli: u64, now: Standing, failures: &Failures) {
        let arrived_pct = (arrived_milli * 200 / self.capacity_milli).div_ceil(2);
        while self.points.len() as u64 <= arrived_pct {
            self.sum = Standing { allocated_milli: 0, fragmented_milli: 0.0 };
            self.pods = 0;
            let failures = self.points.last().map_or_else(Failures::default, |point| point.failures);
            self.points.push(self.point(self.now, 1, failures));
        }
        self.sum.allocated_milli += now.allocated_milli;
        self.sum.fragmented_milli += now.fragmented_milli;
        self.pods += 1;
        let point = self.point(self.sum, self.pods, *failures);
        if let Some(last) = self.points.last_mut() {
            *last = Point { arrived_pct: last.arrived_pct, ..point };
        }
        self.now = now;
    }

    /// The next point, from a sum over so many pods.
    fn point(&self, sum: Standing, pods: u64, failures: Failures) -> Point {
        let one_percent = (self.capacity_milli * pods) as f64 / 100.0;
        Point {
            arrived_pct: self.points.len() as u32,
            allocation_pct: rounded(sum.allocated_milli as f64 / one_percent),
            fragmentation_pct: rounded(sum.fragmented_milli / one_percent),
            failures,
        }
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }
}
