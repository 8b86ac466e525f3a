//! The queue of pods that wait.

use std::collections::VecDeque;
use std::fmt;

use crate::policy::Arrival;

/// Who is served when there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// In their order: nobody starts before the first of the queue does.
    Fifo,
    /// A pod that comes is tried at once; whenever one leaves, the first `depth` that wait are, in their order.
    Backfill {
        /// How many.
        depth: usize,
    },
}

impl fmt::Display for Discipline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fifo => f.write_str("fifo"),
            Self::Backfill { depth } => write!(f, "backfill of {depth}"),
        }
    }
}

/// A pod that has come and not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) pod: Arrival,
    pub(super) came_ms: u64,
    pub(super) life_ms: u64,
    pub(super) priority: i32,
}

/// Those that wait: by priority, the highest first, and of equals in the order in which they came. Whoever runs is left
/// to run.
#[derive(Debug)]
pub(super) struct Queue {
    discipline: Discipline,
    waiting: VecDeque<Waiting>,
}

impl Queue {
    pub(super) fn new(discipline: Discipline) -> Self {
        Self { discipline, waiting: VecDeque::new() }
    }

    /// A pod came; `start` starts it if it can.
    pub(super) fn join(&mut self, pod: Waiting, start: impl FnOnce(&Waiting) -> bool) {
        let place = self.waiting.partition_point(|other| other.priority >= pod.priority);
        let is_tried = place == 0 || self.discipline != Discipline::Fifo;
        if !is_tried || !start(&pod) {
            self.waiting.insert(place, pod);
        }
    }

    /// There is more room; `start` starts a pod if it can.
    pub(super) fn serve(&mut self, mut start: impl FnMut(&Waiting) -> bool) {
        match self.discipline {
            Discipline::Fifo => {
                while self.waiting.front().is_some_and(&mut start) {
                    self.waiting.pop_front();
                }
            }
            Discipline::Backfill { depth } => {
                let mut place = 0;
                for _ in 0..depth.min(self.waiting.len()) {
                    if start(&self.waiting[place]) {
                        self.waiting.remove(place);
                    } else {
                        place += 1;
                    }
                }
            }
        }
    }
}
