//! Scores with a memory: what a node scores for a shape holds until that node changes.

use memchr::memchr_iter;

use crate::cluster::Journal;

/// A score plus one, so that zero is left for a node that the pod does not fit: small, so that a thousand nodes are
/// searched in a few dozen instructions.
pub(super) type Mark = u8;

/// Does not fit.
pub(super) const UNFIT: Mark = 0;

/// For each shape, the marks of all nodes. Nodes are named by their places, shapes by their numbers.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Column>,
    /// The places of nodes that changed.
    journal: Journal,
}

#[derive(Debug, Clone, Default)]
struct Column {
    /// How much of the journal is read.
    read: u64,
    /// By place; empty until somebody asks.
    marks: Vec<Mark>,
}

impl Columns {
    pub(super) fn new(shapes: usize, nodes: usize) -> Self {
        let mut journal = Journal::default();
        journal.resize(nodes);
        Self { columns: vec![Column::default(); shapes], journal }
    }

    /// The node scores anew from now on.
    pub(super) fn changed(&mut self, place: usize) {
        self.journal.changed(place);
    }

    /// The marks for a shape. `mark` is asked for the nodes that changed since the shape was last asked for.
    pub(super) fn of(&mut self, shape: usize, mut mark: impl FnMut(usize) -> Mark) -> &[Mark] {
        let Column { read, marks } = &mut self.columns[shape];
        if marks.is_empty() {
            marks.extend((0..self.journal.things()).map(mark));
        } else {
            self.journal.since(*read, |place| marks[place] = mark(place));
        }
        *read = self.journal.changes();
        marks
    }
}

/// The first place with the highest mark among those that `admits`; `None` where there is none but unfit ones.
pub(super) fn best(marks: &[Mark], admits: impl Fn(usize) -> bool) -> Option<usize> {
    let top = marks.iter().fold(UNFIT, |top, mark| top.max(*mark));
    if top == UNFIT {
        return None;
    }
    memchr_iter(top, marks).find(|place| admits(*place)).or_else(|| {
        let mut best = (UNFIT, None);
        for (place, mark) in marks.iter().enumerate() {
            if *mark > best.0 && admits(place) {
                best = (*mark, Some(place));
            }
        }
        best.1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_best_that_is_admitted() {
        assert_eq!(best(&[1, 3, 0, 3, 2], |_| true), Some(1));
        assert_eq!(best(&[1, 3, 0, 3, 2], |place| place != 1), Some(3));
        assert_eq!(best(&[1, 3, 0, 3, 2], |place| place == 0), Some(0));
        assert_eq!(best(&[1, 3, 0, 3, 2], |place| place == 2), None);
        assert_eq!(best(&[], |_| true), None);
    }

    #[test]
    fn a_node_is_looked_at_again_once_after_any_number_of_changes() {
        let mut columns = Columns::new(2, 3);
        assert_eq!(columns.of(0, |place| place as Mark), [0, 1, 2]);
        columns.changed(1);
        columns.changed(0);
        columns.changed(1);
        let mut asked = Vec::new();
        let marks = columns.of(0, |place| {
            asked.push(place);
            7
        });
        assert_eq!(marks, [7, 7, 2]);
        assert_eq!(asked, [0, 1]);
        assert_eq!(columns.of(1, |_| 5), [5, 5, 5]);
    }

    #[test]
    fn a_column_that_has_missed_more_changes_than_are_kept_looks_at_every_node_that_changed() {
        let mut columns = Columns::new(1, 3);
        assert_eq!(columns.of(0, |place| place as Mark), [0, 1, 2]);
        (0..9).for_each(|change| columns.changed(change % 2));
        assert_eq!(columns.of(0, |place| 7 + place as Mark), [7, 8, 2]);
        assert_eq!(columns.of(0, |_| 9), [7, 8, 2]);
    }
}
