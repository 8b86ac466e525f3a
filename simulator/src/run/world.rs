//! The cluster, who runs on it, and when they leave.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::queue::Waiting;
use super::unfit::Unfit;
use crate::cluster::{Devices, Rehearsal, Slot};
use crate::policy::{Arrival, Choice, Policy, Stage};
use crate::workload::Workload;

/// A pod that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) pod: Arrival,
    pub(super) slot: Slot,
    devices: Devices,
}

/// The cluster and its policy at one moment.
pub(super) struct World<'a> {
    workload: &'a Workload,
    cluster: Rehearsal,
    policy: Box<dyn Policy + 'a>,
    unfit: Unfit<'a>,
    running: Vec<Option<Running>>,
    /// Vacant places in `running`.
    vacant: Vec<u32>,
    /// Who leaves when: the time, the number of the start, and the place in `running`.
    departures: BinaryHeap<Reverse<(u64, u64, u32)>>,
    starts: u64,
}

impl<'a> World<'a> {
    /// Before the first pod.
    pub(super) fn new(stage: Stage<'a>, policy: Choice) -> Self {
        Self {
            workload: stage.workload,
            cluster: Rehearsal::of(&stage.workload.snapshot),
            policy: policy.build(stage),
            unfit: Unfit::new(stage.workload),
            running: Vec::new(),
            vacant: Vec::new(),
            departures: BinaryHeap::new(),
            starts: 0,
        }
    }

    /// A pod has come, whether it will be placed or not.
    pub(super) fn comes(&mut self, pod: Arrival) {
        self.policy.comes(&mut self.cluster, pod);
    }

    /// When the next pod leaves, in milliseconds.
    pub(super) fn next_departure_ms(&self) -> Option<u64> {
        self.departures.peek().map(|Reverse((at_ms, ..))| *at_ms)
    }

    /// Starts the pod, and says where; `None` where there is no room for it.
    pub(super) fn start(&mut self, now_ms: u64, waiting: &Waiting) -> Option<Slot> {
        let pod = waiting.pod;
        if self.unfit.has(pod.class) {
            return None;
        }
        let Some(place) = self.policy.choose(&self.cluster, pod) else {
            self.unfit.add(pod.class);
            return None;
        };
        let request = &self.workload.class(pod.class).request;
        let devices = self.cluster.bind(place.slot, request, &place.devices);
        self.policy.bound(&self.cluster, pod, place.slot);
        self.admit(now_ms.saturating_add(waiting.life_ms), Running { pod, slot: place.slot, devices });
        Some(place.slot)
    }

    fn admit(&mut self, leaves_ms: u64, running: Running) {
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.running.push(None);
            (self.running.len() - 1) as u32
        });
        self.running[place as usize] = Some(running);
        self.departures.push(Reverse((leaves_ms, self.starts, place)));
        self.starts += 1;
    }

    /// Lets the next pod leave, and says which it was.
    pub(super) fn depart(&mut self) -> Option<Running> {
        let Reverse((_, _, place)) = self.departures.pop()?;
        let gone = self.running[place as usize].take()?;
        self.vacant.push(place);
        let (pod, slot) = (gone.pod, gone.slot);
        self.cluster.release(slot, &self.workload.class(pod.class).request, &gone.devices);
        self.policy.left(&self.cluster, pod, slot);
        self.unfit.released(self.cluster.snapshot(), slot);
        Some(gone)
    }
}
