//! The engine against one that remembers nothing: it asks the policy about every pod, each time.

use std::cmp::Reverse;

use gpulse_simulator::cluster::{Rehearsal, Slot};
use gpulse_simulator::fragmentation::{Measure, Mix};
use gpulse_simulator::input::PodTimes;
use gpulse_simulator::policy::{Arrival, Choice, Place, Policy, Stage};
use gpulse_simulator::run::{Coming, Discipline, What};
use gpulse_simulator::workload::Workload;
use proptest::prelude::*;

use crate::policy::bind;
use crate::support::{Run, tables};

/// A cluster, who runs on it and who waits, in the order in which they started and will be served.
struct Plain<'a> {
    workload: &'a Workload,
    pods: &'a [Coming],
    cluster: Rehearsal,
    policy: Box<dyn Policy + 'a>,
    running: Vec<(u64, Arrival, Place)>,
    waiting: Vec<usize>,
    /// By pod, when and where it started.
    starts: Vec<Option<(u64, Slot)>>,
}

impl Plain<'_> {
    /// Starts the pod if there is room.
    fn start(&mut self, now_ms: u64, number: usize) -> bool {
        let pod = Arrival { class: self.pods[number].class, number: number as u32 };
        let Some(mut place) = self.policy.choose(&self.cluster, pod) else { return false };
        if let (Some(demand), true) =
            (self.workload.class(pod.class).request.gpus.first(), place.devices.is_empty())
        {
            let node = self.cluster.snapshot().at(place.slot).unwrap();
            place.devices = node.pool(&demand.resource).unwrap().1.gaps.tightest(demand);
        }
        bind(self.workload, &mut self.cluster, &mut *self.policy, pod, &place);
        self.starts[number] = Some((now_ms, place.slot));
        self.running.push((now_ms + self.pods[number].life_ms, pod, place));
        true
    }

    /// Lets the next pod leave, and tries those that wait.
    fn depart(&mut self, leaver: usize, queue: Discipline) {
        let (now_ms, pod, place) = self.running.remove(leaver);
        self.cluster.release(place.slot, &self.workload.class(pod.class).request, &place.devices);
        self.policy.left(&self.cluster, pod, place.slot);
        let depth = if let Discipline::Backfill { depth } = queue { depth } else { usize::MAX };
        for number in self.waiting.iter().copied().take(depth).collect::<Vec<usize>>() {
            if self.start(now_ms, number) {
                self.waiting.retain(|other| *other != number);
            } else if queue == Discipline::Fifo {
                return;
            }
        }
    }

    /// Until all have left. `coming` are the pods that fit an empty node.
    fn carry_out(&mut self, coming: &[usize], queue: Discipline) {
        let mut coming = coming.iter().copied().peekable();
        loop {
            // The first of equals is the one that started first.
            let leaver = (0..self.running.len()).min_by_key(|place| self.running[*place].0);
            let arrival_ms = coming.peek().map_or(u64::MAX, |number| self.pods[*number].at_ms);
            match leaver {
                Some(leaver) if self.running[leaver].0 <= arrival_ms => self.depart(leaver, queue),
                _ => {
                    let Some(number) = coming.next() else { return };
                    let priority = |number: &usize| Reverse(self.pods[*number].priority);
                    let is_first = self.waiting.iter().all(|other| priority(other) > priority(&number));
                    if !(is_first || queue != Discipline::Fifo) || !self.start(arrival_ms, number) {
                        self.waiting.push(number);
                        self.waiting.sort_by_key(|number| (Reverse(self.pods[*number].priority), *number));
                    }
                }
            }
        }
    }
}

fn times() -> impl Strategy<Value = Vec<PodTimes>> {
    let pod = (0..20_u64, 0..30_u64).prop_map(|(came_ms, life_ms)| PodTimes { came_ms, life_ms });
    prop::collection::vec(pod, 16)
}

proptest! {
    #[test]
    fn every_pod_starts_where_and_when_it_would_if_everybody_was_asked_each_time(
        tables in tables(), times in times(), depth in 0..5_usize, priorities in prop::collection::vec(-1..2, 16),
    ) {
        let mut workload = tables.workload();
        for (class, priority) in workload.classes.iter_mut().zip(priorities) {
            class.request.priority = priority;
        }
        let queue = if depth == 0 { Discipline::Fifo } else { Discipline::Backfill { depth } };
        let measure = Measure::of(&workload, &Mix::typical(&workload));
        for policy in ["fgd", "best-fit", "binpack", "gpu-clustering"] {
            let run = Run::traced(&workload, &times, queue, policy);
            let (mut starts, mut coming) = (vec![None; run.schedule.pods.len()], Vec::new());
            for record in &run.records {
                match record.what {
                    What::Came => coming.push(record.pod.number as usize),
                    What::Started { slot, .. } => starts[record.pod.number as usize] = Some((record.at_ms, slot)),
                    What::Left { .. } | What::Refused(_) => {}
                }
            }
            let stage = Stage { workload: &workload, measure: &measure, seed: 1 };
            let mut plain = Plain {
                workload: &workload,
                pods: &run.schedule.pods,
                cluster: Rehearsal::of(&workload.snapshot),
                policy: Choice::named(policy).unwrap().build(stage),
                running: Vec::new(),
                waiting: Vec::new(),
                starts: vec![None; run.schedule.pods.len()],
            };
            plain.carry_out(&coming, queue);
            prop_assert_eq!(&plain.starts, &starts, "{}", policy);
        }
    }
}
