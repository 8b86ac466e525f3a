//! Where the threads that call NVML are, so that a call that does not return is noticed, and who took over reading.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Stopwatch;

/// What a reading thread is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing that could hang.
    Rest,
    /// To load, initialize or count.
    Begin,
    /// To read a GPU.
    Gpu(u32),
}

/// A reading thread: the first is 0, each that takes over has the next number.
pub(super) type Generation = u64;

/// Threads that may hang at a time before no other is started: a driver that holds so many will hold the next.
const MOST_HANGING: usize = 8;

/// The threads as the watchdog sees them.
#[derive(Debug)]
pub(super) struct Progress {
    generation: Generation,
    step: Step,
    since: Stopwatch,
    /// GPUs that a thread hangs at.
    set_aside: BTreeMap<u32, Generation>,
    /// Since when the event thread is in a call.
    waiting: Option<Stopwatch>,
}

/// What the watchdog is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Well,
    /// Start the next thread; this GPU has been set aside.
    TakeOver(u32, Generation),
    /// Say that this hangs; nobody can take over.
    Stuck(Step),
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            generation: 0,
            step: Step::Rest,
            since: Stopwatch::start(),
            set_aside: BTreeMap::new(),
            waiting: None,
        }
    }

    /// Notes what a thread is about to do; false where another has taken over from it.
    pub(super) fn enter(&mut self, generation: Generation, step: Step) -> bool {
        if generation == self.generation {
            (self.step, self.since) = (step, Stopwatch::start());
        }
        generation == self.generation
    }

    /// A thread that was taken over from has come back, and ends: its GPU may be read again.
    pub(super) fn came_back(&mut self, generation: Generation) {
        self.set_aside.retain(|_, held| *held != generation);
    }

    pub(super) fn is_set_aside(&self, gpu: u32) -> bool {
        self.set_aside.contains_key(&gpu)
    }

    /// The event thread is about to call NVML.
    pub(super) fn wait_for_events(&mut self) {
        self.waiting = Some(Stopwatch::start());
    }

    /// The event thread calls nothing now.
    pub(super) fn rest_from_events(&mut self) {
        self.waiting = None;
    }

    /// How long the event thread has been in its call.
    pub(super) fn waited_for_events(&self) -> Duration {
        self.waiting.map(Stopwatch::elapsed).unwrap_or_default()
    }

    /// Looks whether the reading thread has been at one thing for too long.
    pub(super) fn judge(&mut self, hang_after: Duration) -> Verdict {
        if self.step == Step::Rest || self.since.elapsed() < hang_after {
            return Verdict::Well;
        }
        match self.step {
            Step::Gpu(gpu) if self.set_aside.len() < MOST_HANGING => {
                self.set_aside.insert(gpu, self.generation);
                self.generation += 1;
                (self.step, self.since) = (Step::Rest, Stopwatch::start());
                Verdict::TakeOver(gpu, self.generation)
            }
            step => Verdict::Stuck(step),
        }
    }
}
