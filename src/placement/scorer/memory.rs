//! What is remembered between decisions.

use super::Finding;
use super::changes::Changes;
use super::class::Class;
use super::column::Column;
use super::marks::Marks;
use super::names::Names;
use super::quotes::Quotes;
use super::trade::Trade;
use crate::cluster::Lineage;
use crate::placement::strategy::Scoring;
use crate::placement::{Inquiry, Verdict};

/// The classes seen lately, the last one first.
#[derive(Debug, Default)]
pub(super) struct Memory {
    lineage: Lineage,
    #[expect(
        clippy::vec_box,
        reason = "the last one comes to the front: pointers move, not what is remembered"
    )]
    pub(super) classes: Vec<Box<Recollection>>,
    pub(super) changes: Changes,
    pub(super) names: Names,
    pub(super) trade: Trade,
}

/// What is remembered for one class of pods.
#[derive(Debug)]
pub(super) struct Recollection {
    class: Class,
    pub(super) verdicts: Column<Verdict>,
    pub(super) findings: Column<Finding>,
    /// What each state offers.
    pub(super) offered: Quotes,
    /// What each state offers where the pod fits.
    pub(super) fitting: Quotes,
    /// By slot index, what the strategy says of a node where the pod fits.
    pub(super) marks: Marks,
}

impl Memory {
    /// With the memory of the pod's class in front, and what the strategy reads of all nodes up to the snapshot.
    pub(super) fn following(&mut self, inquiry: &Inquiry<'_>, max_classes: usize) -> &mut Self {
        self.of_class(inquiry, max_classes);
        self.changes.follow(inquiry.snapshot);
        match inquiry.profile.strategy.scoring {
            Scoring::Class(_) => {}
            Scoring::Draw(_) => self.names.follow(inquiry.snapshot, self.changes.journal()),
            Scoring::Market(_) => self.trade.follow(inquiry.snapshot, self.changes.journal()),
        }
        self
    }

    /// The memory of the pod's class. Slots of another lineage mean other nodes: nothing of them is kept.
    pub(super) fn of_class(&mut self, inquiry: &Inquiry<'_>, max_classes: usize) -> &mut Recollection {
        if self.lineage != *inquiry.snapshot.lineage() {
            *self = Self { lineage: inquiry.snapshot.lineage().clone(), ..Self::default() };
        }
        let place = self.classes.iter().position(|known| known.class.has(inquiry)).unwrap_or_else(|| {
            self.classes.truncate(max_classes - 1);
            self.classes.push(Box::new(Recollection {
                class: Class::of(inquiry),
                verdicts: Column::default(),
                findings: Column::default(),
                offered: Quotes::default(),
                fitting: Quotes::default(),
                marks: Marks::default(),
            }));
            self.classes.len() - 1
        });
        self.classes[..=place].rotate_right(1);
        &mut self.classes[0]
    }
}
