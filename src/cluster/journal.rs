//! Which of many things changed, for readers that come back now and then.

use std::collections::VecDeque;

/// Changes to things that have numbers. A reader keeps [`Journal::changes`] from when it came last.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    /// How many changes there were.
    changes: u64,
    /// The numbers of the things that changed last, in the order they did.
    recent: VecDeque<u32>,
    /// By number, which change was its last; the first is 1, and 0 is none.
    last_change: Vec<u64>,
}

impl Journal {
    /// How many changes there were so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// How many things have numbers.
    #[must_use]
    pub fn things(&self) -> usize {
        self.last_change.len()
    }

    /// Gives numbers to so many things, none of which has changed.
    pub fn resize(&mut self, things: usize) {
        self.last_change.resize(things, 0);
    }

    /// The thing with this number changed.
    pub fn changed(&mut self, number: usize) {
        // As many changes as there are things: to look at more takes longer than to look at all things.
        while self.recent.len() >= self.last_change.len() {
            self.recent.pop_front();
        }
        self.recent.push_back(number as u32);
        self.changes += 1;
        self.last_change[number] = self.changes;
    }

    /// Tells what changed after the first `read` changes, each thing once.
    pub fn since(&self, read: u64, mut tell: impl FnMut(usize)) {
        let unread = (self.changes - read) as usize;
        let Some(known) = self.recent.len().checked_sub(unread) else {
            let changes = self.last_change.iter().enumerate();
            changes.filter(|(_, last)| **last > read).for_each(|(number, _)| tell(number));
            return;
        };
        for (change, number) in (read + 1..).zip(self.recent.range(known..)) {
            // What changed again later is told then.
            if self.last_change[*number as usize] == change {
                tell(*number as usize);
            }
        }
    }
}
