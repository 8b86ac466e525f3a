//! A small number for each of many things: what a choice among thousands walks over.

use crate::cluster::Journal;

/// A mark for each thing of a [`Journal`], found when somebody asks for it and kept until the thing changes.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// By number.
    marks: Vec<i32>,
    /// How much of the journal is read.
    read: u64,
    /// Those that hold for this decision only.
    passing: Vec<u32>,
}

/// The mark of a thing that is out of the question.
pub(super) const NONE: i32 = i32::MIN;

/// Of a thing that nobody has asked for since it changed.
const UNKNOWN: i32 = i32::MAX;

impl Marks {
    /// Forgets what has changed since, and what held for one decision only.
    pub(super) fn next_turn(&mut self, journal: &Journal) {
        let Self { marks, read, passing } = self;
        passing.drain(..).for_each(|number| marks[number as usize] = UNKNOWN);
        journal.since(*read, |number| {
            if let Some(mark) = marks.get_mut(number) {
                *mark = UNKNOWN;
            }
        });
        *read = journal.changes();
        marks.resize(journal.things(), UNKNOWN);
    }

    /// The mark of the thing with this number, as it is remembered or else found.
    #[inline]
    pub(super) fn recall(&mut self, number: usize, find: impl FnOnce() -> Found) -> i32 {
        match self.marks[number] {
            UNKNOWN => self.keep(number, find()),
            known => known,
        }
    }

    fn keep(&mut self, number: usize, found: Found) -> i32 {
        self.marks[number] = found.mark;
        if !found.is_lasting {
            self.passing.push(number as u32);
        }
        found.mark
    }

    /// Replaces the marks that are known, those of things out of the question apart.
    pub(super) fn renew(&mut self, mark: impl Fn(usize) -> i32) {
        for (number, known) in self.marks.iter_mut().enumerate() {
            if ![NONE, UNKNOWN].contains(known) {
                *known = mark(number);
            }
        }
    }
}

/// A mark, and whether it holds until the thing changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) mark: i32,
    pub(super) is_lasting: bool,
}
