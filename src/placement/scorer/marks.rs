//! A small number for each of many things: what a choice among thousands walks over.

use crate::cluster::Journal;

/// A mark for each thing of a [`Journal`], kept until the thing changes.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// By number.
    marks: Vec<i32>,
    /// How much of the journal is read.
    read: u64,
}

/// The mark of a thing that is out of the question.
pub(super) const NONE: i32 = i32::MIN;

/// The mark of a thing that is to be looked at when somebody asks.
pub(super) const UNKNOWN: i32 = i32::MAX;

/// The same of one that is known not to be out of the question.
const STALE: i32 = UNKNOWN - 1;

/// A mark, and whether it holds until the thing changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) mark: i32,
    pub(super) is_lasting: bool,
}

impl Found {
    /// The mark as it is kept.
    pub(super) fn to_keep(self) -> i32 {
        if self.is_lasting { self.mark } else { UNKNOWN }
    }
}

impl Marks {
    /// Marks anew what has changed since the last turn.
    pub(super) fn next_turn(&mut self, journal: &Journal, mut mark: impl FnMut(usize) -> i32) {
        self.marks.resize(journal.things(), NONE);
        journal.since(self.read, |number| self.marks[number] = mark(number));
        self.read = journal.changes();
    }

    /// The mark of the thing with this number, as it is remembered or else found. `find` is told whether it is known
    /// that the thing is not out of the question.
    #[inline]
    pub(super) fn recall(&mut self, number: usize, find: impl FnOnce(bool) -> Found) -> i32 {
        match self.marks[number] {
            mark @ STALE.. => self.find(number, || find(mark == STALE)),
            known => known,
        }
    }

    // Apart, so that the loop over what is known stays small.
    #[cold]
    #[inline(never)]
    fn find(&mut self, number: usize, find: impl FnOnce() -> Found) -> i32 {
        let found = find();
        self.marks[number] = found.to_keep();
        found.mark
    }

    /// Replaces the marks that are known, those of things out of the question apart.
    pub(super) fn renew(&mut self, mark: impl Fn(usize) -> i32) {
        for (number, known) in self.marks.iter_mut().enumerate() {
            if ![NONE, STALE, UNKNOWN].contains(known) {
                *known = mark(number);
            }
        }
    }

    /// Forgets the marks that are known; what is out of the question stays so.
    pub(super) fn forget(&mut self) {
        self.renew(|_| STALE);
    }

    /// The highest mark; `None` where one is not known.
    pub(super) fn top(&self) -> Option<i32> {
        let top = self.marks.iter().fold(NONE, |top, mark| top.max(*mark));
        (top < STALE).then_some(top)
    }

    /// The mark of the thing with this number.
    pub(super) fn at(&self, number: usize) -> i32 {
        self.marks[number]
    }
}
