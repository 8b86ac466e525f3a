//! The pods of one seed.

use std::ops::Range;

use super::traffic::{Extent, Traffic};
use crate::draw::{Draw, Purpose};
use crate::workload::ClassId;

/// A pod that is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coming {
    /// When, in milliseconds.
    pub at_ms: u64,
    /// How long it runs once it has started, in milliseconds.
    pub life_ms: u64,
    /// What it asks for.
    pub class: ClassId,
    /// Who goes before whom in the queue, the highest first; 0 for everybody where priorities do not count.
    pub priority: i32,
}

const NS_PER_MS: u64 = 1_000_000;

/// Pods in the order in which they come, and what of it is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The pods.
    pub pods: Vec<Coming>,
    /// The time that is measured, in milliseconds.
    pub window_ms: Range<u64>,
    /// The places of the pods that are counted: those that come in that time.
    pub counted: Range<usize>,
}

impl Schedule {
    /// Pods drawn from the table, each as likely as any other but for the time of day, at drawn moments.
    pub(super) fn drawn(traffic: &Traffic, seed: u64) -> Self {
        let draw = |purpose| Draw::of(seed, purpose);
        let (mut which, mut gaps, mut lives) =
            (draw(Purpose::Arrivals), draw(Purpose::Gaps), draw(Purpose::Lives));
        let (mut bursts, mut rhythm) = (draw(Purpose::Bursts), draw(Purpose::Rhythm));
        let (mut now_ns, mut copies, mut pod) = (0_u64, 0, &traffic.pods[0]);
        let pods = std::iter::from_fn(|| {
            while copies == 0 {
                now_ns = now_ns.saturating_add(gaps.exponential(traffic.mean_gap_ns));
                pod = &traffic.pods[which.below(traffic.pods.len())];
                if traffic.plan.rhythm.accepts(now_ns / NS_PER_MS, pod.is_large, &mut rhythm) {
                    copies = traffic.plan.rhythm.burst.draw(&mut bursts);
                }
            }
            copies -= 1;
            let life_ms = traffic.plan.lives.draw(pod.gpus, pod.traced_ms(), &mut lives);
            Some(pod.coming(now_ns / NS_PER_MS, life_ms))
        });
        Self::measured(traffic, pods, 0)
    }

    /// The trace's pods, those that come at the same time in the order of the table.
    pub(super) fn traced(traffic: &Traffic, seed: u64) -> Self {
        let mut lives = Draw::of(seed, Purpose::Lives);
        let came_ms = |pod: &super::traffic::Traveller| pod.times.map_or(0, |times| times.came_ms);
        let first_ms = traffic.pods.iter().map(came_ms).min().unwrap_or(0);
        let coming = |pod: &super::traffic::Traveller| {
            pod.coming(
                came_ms(pod) - first_ms,
                traffic.plan.lives.draw(pod.gpus, pod.traced_ms(), &mut lives),
            )
        };
        let mut pods: Vec<Coming> = traffic.pods.iter().map(coming).collect();
        pods.sort_by_key(|pod| pod.at_ms);
        let last_ms = pods.iter().map(|pod| pod.at_ms + pod.life_ms).max().unwrap_or(0);
        Self::measured(traffic, pods.into_iter(), last_ms)
    }

    /// As many of the pods as it takes. After the time that is measured they go on coming for as long as before it, so
    /// that the last that are counted meet the same competition as the first.
    fn measured(traffic: &Traffic, coming: impl Iterator<Item = Coming>, last_ms: u64) -> Self {
        let start_ms = traffic.warm_up_ms;
        let mut end_ms = match traffic.plan.extent {
            Extent::Pods(_) => None,
            Extent::Millis(millis) => Some(start_ms.saturating_add(millis)),
            Extent::Trace => Some(last_ms.max(start_ms)),
        };
        let most = if let Extent::Pods(most) = traffic.plan.extent { most } else { u64::MAX };
        let mut pods: Vec<Coming> = Vec::new();
        let mut counted = 0..0;
        for pod in coming {
            if end_ms.is_some_and(|end_ms| pod.at_ms > end_ms.saturating_add(start_ms)) {
                break;
            }
            if pod.at_ms < start_ms {
                counted = pods.len() + 1..pods.len() + 1;
            } else if (counted.len() as u64) < most && end_ms.is_none_or(|end_ms| pod.at_ms < end_ms) {
                counted.end = pods.len() + 1;
            }
            pods.push(pod);
            if counted.len() as u64 == most && end_ms.is_none() {
                end_ms = Some(pod.at_ms);
            }
        }
        let end_ms = end_ms.or(pods.last().map(|pod| pod.at_ms)).unwrap_or(0).max(start_ms);
        Self { pods, window_ms: start_ms..end_ms, counted }
    }
}
