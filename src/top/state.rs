//! What is looked at, and how.

use std::time::Duration;

use super::devices::Key;
use super::history::History;
use crate::agent::{Attribution, Overview, Reading};
use crate::cluster::Timestamp;

/// Everything that a frame is drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Who is asked, for the title.
    pub(super) source: String,
    /// The last answer, and when it came by our clock.
    pub(super) overview: Option<Overview>,
    received_at: Timestamp,
    /// By our clock.
    now: Timestamp,
    /// Why there has been no answer since.
    pub(super) silence: Option<String>,
    pub(super) history: History,
    pub(super) screen: Screen,
    pub(super) focus: Pane,
    /// The chosen rows; they may lie beyond the end of a list that has become shorter.
    pub(super) gpu_row: usize,
    pub(super) process_row: usize,
    /// The first line of the details.
    pub(super) scroll: usize,
    pub(super) order: Order,
    pub(super) filter: String,
    pub(super) is_typing: bool,
    pub(super) is_paused: bool,
}

/// What fills the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Screen {
    Lists,
    Details(Key),
    Help,
}

/// The list that keys move in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    Gpus,
    Processes,
}

/// The order of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Device,
    Busy,
    Memory,
    Pod,
}

impl State {
    /// Nothing is known yet. `source` says who is asked.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            overview: None,
            received_at: Timestamp::default(),
            now: Timestamp::default(),
            silence: None,
            history: History::default(),
            screen: Screen::Lists,
            focus: Pane::Gpus,
            gpu_row: 0,
            process_row: 0,
            scroll: 0,
            order: Order::Device,
            filter: String::new(),
            is_typing: false,
            is_paused: false,
        }
    }

    /// Takes an answer, or why there is none, at a time by our clock. While paused the screen stands still.
    pub fn take(&mut self, now: Timestamp, answer: Result<Overview, String>) {
        if self.is_paused {
            return;
        }
        self.now = now;
        match answer {
            Ok(overview) => {
                if let Some(reading) = &overview.reading {
                    self.history.add(reading);
                }
                (self.received_at, self.silence) = (now, None);
                self.overview = Some(overview);
            }
            Err(silence) => self.silence = Some(silence),
        }
    }

    pub(super) fn reading(&self) -> Option<&Reading> {
        self.overview.as_ref()?.reading.as_deref()
    }

    pub(super) fn attribution(&self) -> Option<&Attribution> {
        self.overview.as_ref()?.attribution.as_deref()
    }

    /// Whether the process is known to belong to no pod.
    pub(super) fn is_outside(&self, pid: u32) -> bool {
        self.attribution().is_some_and(|known| known.is_outside(pid))
    }

    /// Since the last answer.
    pub(super) fn quiet_for(&self) -> Duration {
        self.now.since(self.received_at)
    }

    /// The time by the agent's clock, which times of readings are by.
    pub(super) fn agents_now(&self) -> Timestamp {
        self.overview.as_ref().map_or(self.now, |overview| overview.now + self.quiet_for())
    }

    /// How old a reading may be to say something of now.
    pub(super) fn show_for(&self) -> Duration {
        Duration::from_millis(self.overview.as_ref().map_or(0, |overview| overview.show_for_millis))
    }
}
