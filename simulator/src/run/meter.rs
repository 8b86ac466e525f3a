//! What is measured of a run.

use std::collections::BTreeMap;
use std::ops::Range;

use super::engine::{Record, What};
use super::node_meter::NodeMeter;
use super::schedule::Schedule;
use super::size::Size;
use super::waits::WaitTimes;
use crate::placement::Reason;
use crate::workload::Workload;

/// How often the queue is looked at in the measured time: at the ends of so many equal parts of it.
pub const SAMPLES: u64 = 100;

/// How things stood at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Which, in milliseconds.
    pub at_ms: u64,
    /// How many pods waited.
    pub queue: u64,
    /// GPUs in use, in thousandths of one.
    pub busy_milli: u64,
}

/// What came of a run. But for `events` and `makespan_ms` it is about the measured time, and the pods that came in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Arrivals and departures, of all pods.
    pub events: u64,
    /// From the first arrival to the last departure, of all pods, in milliseconds.
    pub makespan_ms: u64,
    /// The measured time, in milliseconds.
    pub window_ms: Range<u64>,
    /// GPUs in use, in thousandths of one times milliseconds.
    pub busy: u128,
    /// GPUs idle, likewise.
    pub idle: u128,
    /// GPUs idle while somebody waited, likewise.
    pub stranded: u128,
    /// How long the first of the queue, whoever it was, had to wait, in milliseconds: for how long there was a queue.
    pub blocked_ms: u64,
    /// Pods that waited, times milliseconds.
    pub queue_ms: u128,
    /// The most that waited at once.
    pub longest_queue: u64,
    /// Pods that came.
    pub pods: u64,
    /// Those of them that fit no node, not even an empty one.
    pub refused: BTreeMap<Reason, u64>,
    /// How long the others waited.
    pub waits: WaitTimes,
    /// The same, by size.
    pub waits_by_size: BTreeMap<Size, WaitTimes>,
    /// The same, by priority.
    pub waits_by_priority: BTreeMap<i32, WaitTimes>,
    /// How things stood in the course of time.
    pub timeline: Vec<Moment>,
    /// GPUs in use on each node of the workload, in thousandths of one, for each of [`BUCKETS`](super::BUCKETS) equal
    /// parts of the measured time: means over it. None where nobody asked.
    pub nodes: Option<Vec<Vec<u64>>>,
}

/// Listens to a run and measures it.
#[derive(Debug)]
pub struct Meter<'a> {
    workload: &'a Workload,
    counted: Range<usize>,
    now_ms: u64,
    first_ms: Option<u64>,
    queue: u64,
    busy_milli: u64,
    waits_ms: BTreeMap<(Size, i32), Vec<u64>>,
    nodes: Option<NodeMeter>,
    outcome: Outcome,
}

impl<'a> Meter<'a> {
    /// Of the time and the pods that the schedule says.
    #[must_use]
    pub fn new(workload: &'a Workload, schedule: &Schedule) -> Self {
        let outcome = Outcome {
            events: 0,
            makespan_ms: 0,
            window_ms: schedule.window_ms.clone(),
            busy: 0,
            idle: 0,
            stranded: 0,
            blocked_ms: 0,
            queue_ms: 0,
            longest_queue: 0,
            pods: schedule.counted.len() as u64,
            refused: BTreeMap::new(),
            waits: WaitTimes::default(),
            waits_by_size: BTreeMap::new(),
            waits_by_priority: BTreeMap::new(),
            timeline: Vec::new(),
            nodes: None,
        };
        let (counted, waits_ms) = (schedule.counted.clone(), BTreeMap::new());
        let busy_milli = workload.held_milli;
        let nodes = None;
        Self { workload, counted, now_ms: 0, first_ms: None, queue: 0, busy_milli, waits_ms, nodes, outcome }
    }

    /// Measures each node, too.
    #[must_use]
    pub fn with_nodes(self) -> Self {
        let nodes = Some(NodeMeter::new(self.workload, self.outcome.window_ms.clone()));
        Self { nodes, ..self }
    }

    /// Something happened.
    pub fn note(&mut self, record: &Record) {
        self.advance(record.at_ms);
        self.first_ms.get_or_insert(record.at_ms);
        let class = self.workload.class(record.pod.class);
        if let Some(nodes) = &mut self.nodes {
            nodes.note(record, class.gpu_milli);
        }
        let is_counted = self.counted.contains(&(record.pod.number as usize));
        match record.what {
            What::Came => self.queue += 1,
            What::Refused(reason) if is_counted => *self.outcome.refused.entry(reason).or_default() += 1,
            What::Refused(_) => {}
            What::Started { waited_ms, .. } => {
                self.queue -= 1;
                self.busy_milli += class.gpu_milli;
                if is_counted {
                    let size = Size::of(self.workload.shape(class.shape));
                    self.waits_ms.entry((size, class.request.priority)).or_default().push(waited_ms);
                }
            }
            What::Left { .. } => self.busy_milli -= class.gpu_milli,
        }
        self.outcome.events += u64::from(!matches!(record.what, What::Started { .. }));
    }

    /// Time went on to here, and all stood as it does.
    fn advance(&mut self, now_ms: u64) {
        let Range { start, end } = self.outcome.window_ms;
        let millis = now_ms.min(end).saturating_sub(self.now_ms.max(start));
        while let Some(at_ms) = self.next_sample_ms().filter(|at_ms| *at_ms < now_ms) {
            self.outcome.timeline.push(Moment { at_ms, queue: self.queue, busy_milli: self.busy_milli });
        }
        self.now_ms = now_ms;
        if millis == 0 {
            return;
        }
        let idle = u128::from(self.workload.capacity_milli - self.busy_milli) * u128::from(millis);
        self.outcome.busy += u128::from(self.busy_milli) * u128::from(millis);
        self.outcome.idle += idle;
        self.outcome.queue_ms += u128::from(self.queue) * u128::from(millis);
        self.outcome.longest_queue = self.outcome.longest_queue.max(self.queue);
        if self.queue > 0 {
            self.outcome.stranded += idle;
            self.outcome.blocked_ms += millis;
        }
    }

    /// The end of the part that is not looked at yet.
    fn next_sample_ms(&self) -> Option<u64> {
        let Range { start, end } = self.outcome.window_ms;
        let part = self.outcome.timeline.len() as u64 + 1;
        let into = u128::from(end - start) * u128::from(part) / u128::from(SAMPLES);
        (part <= SAMPLES).then(|| start + into as u64)
    }

    /// All pods have left.
    #[must_use]
    pub fn finish(mut self) -> Outcome {
        self.outcome.makespan_ms = self.now_ms - self.first_ms.unwrap_or(self.now_ms);
        self.advance(u64::MAX);
        let mut all = Vec::new();
        let (mut by_size, mut by_priority) = (BTreeMap::new(), BTreeMap::new());
        for ((size, priority), waits) in self.waits_ms {
            let (of_size, of_priority): (&mut Vec<u64>, &mut Vec<u64>) =
                (by_size.entry(size).or_default(), by_priority.entry(priority).or_default());
            [&mut all, of_size, of_priority].into_iter().for_each(|those| those.extend(&waits));
        }
        self.outcome.waits = WaitTimes::of(&mut all);
        self.outcome.waits_by_size = each(by_size);
        self.outcome.waits_by_priority = each(by_priority);
        self.outcome.nodes = self.nodes.map(|nodes| nodes.finish(self.workload));
        self.outcome
    }
}

fn each<K: Ord>(waits_ms: BTreeMap<K, Vec<u64>>) -> BTreeMap<K, WaitTimes> {
    waits_ms.into_iter().map(|(key, mut waits)| (key, WaitTimes::of(&mut waits))).collect()
}
