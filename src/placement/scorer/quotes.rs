//! What nodes offer to a class of pods, by the states that they are in.

use hashbrown::HashMap;

use super::marks::{Found, Marks, NONE, UNKNOWN};
use super::states::{StateId, States};
use crate::cluster::Journal;
use crate::placement::Score;
use crate::placement::strategy::Market;
use crate::placement::strategy::fragmentation::{Bill, Offer, Offers, Worth, better};

/// The offers of each state, remembered by state.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    /// What the best way is worth by the prices of now, in thousandths of a GPU.
    marks: Marks,
    book: Book,
    /// Of which of the market's lessons they are.
    lesson: u64,
    /// How much of the journal of slots is read.
    read: u64,
}

/// Offers in a form that thousands are walked in: what they charge for is kept once for all that charge for the same,
/// so that new prices cost little.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// By state.
    lines: Vec<[Option<Way>; 2]>,
    bills: Vec<Bill>,
    numbers: HashMap<Bill, u32>,
    /// By bill, what the prices of now make of it, in thousandths of a GPU.
    costs_milli: Vec<i32>,
    /// Which prices those are.
    prices: u64,
}

/// A way to place the pod.
#[derive(Debug, Clone, Copy)]
struct Way {
    fixed_milli: i32,
    bill: u32,
}

/// A state has at most two bills. With many more than that, most are of states that are no more.
const BILLS_A_STATE: usize = 8;

impl Quotes {
    /// For a decision by the market's prices of now. Whether the pod fits holds whatever the market learns.
    pub(super) fn next_turn(&mut self, market: &Market, states: &States) {
        let journal = states.journal();
        if self.book.bills.len() > BILLS_A_STATE * journal.things() {
            *self = Self::default();
        }
        self.marks.next_turn(journal, |state| if states.has(state) { UNKNOWN } else { NONE });
        if std::mem::replace(&mut self.lesson, market.lesson()) != market.lesson() {
            self.book = Book::default();
            self.marks.forget();
        }
        self.book.lines.resize(journal.things(), [None; 2]);
        if self.book.reprice(market) {
            self.marks.renew(|state| self.book.milli(&self.book.lines[state]));
        }
    }

    /// What the best way to place the pod on a node in the state is worth, in thousandths of a GPU, as it is remembered
    /// or else found and noted in the book. `find` is told whether it is known that the pod fits.
    pub(super) fn milli(&mut self, state: StateId, find: impl FnOnce(&mut Book, bool) -> Found) -> i32 {
        self.marks.recall(state.index(), |fits| find(&mut self.book, fits))
    }

    /// Reads the journal of slots; returns how much of it was read before.
    pub(super) fn read(&mut self, slots: &Journal) -> u64 {
        std::mem::replace(&mut self.read, slots.changes())
    }

    /// The highest of what states are worth, in thousandths of a GPU; `None` where one is not known.
    pub(super) fn top_milli(&self) -> Option<i32> {
        self.marks.top()
    }

    /// What the best way on a node in the state is worth, in thousandths of a GPU, where it is known.
    #[inline]
    pub(super) fn known_milli(&self, state: StateId) -> i32 {
        self.marks.at(state.index())
    }

    /// The score of a node in the state, whose offers are remembered or else found.
    pub(super) fn score(&mut self, market: &Market, state: StateId, find: impl FnOnce() -> Offers) -> Score {
        self.milli(state, |book, _| Found { mark: book.note(market, state, find()), is_lasting: true });
        self.book.score(state)
    }
}

impl Book {
    /// Takes up the market's prices, and says whether they are others than before.
    fn reprice(&mut self, market: &Market) -> bool {
        if self.prices == market.prices() {
            return false;
        }
        self.prices = market.prices();
        self.costs_milli.clear();
        self.costs_milli.extend(self.bills.iter().map(|bill| market.cost_milli(bill)));
        true
    }

    /// Notes what the state offers; returns what the best way is worth, in thousandths of a GPU.
    pub(super) fn note(&mut self, market: &Market, state: StateId, offers: Offers) -> i32 {
        let [first, second] = offers;
        let mut way = |offer: Offer| self.way(market, &offer);
        let line = [first.map(&mut way), second.map(&mut way)];
        self.lines[state.index()] = line;
        self.milli(&line)
    }

    fn way(&mut self, market: &Market, offer: &Offer) -> Way {
        let next = self.bills.len() as u32;
        let bill = *self.numbers.entry(offer.bill).or_insert(next);
        if bill == next {
            self.bills.push(offer.bill);
            self.costs_milli.push(market.cost_milli(&offer.bill));
        }
        Way { fixed_milli: offer.fixed_milli(), bill }
    }

    fn score(&self, state: StateId) -> Score {
        let worth = |way: &Way| Worth::of(self.milli_of(way));
        better(&self.lines[state.index()], worth).map_or(Score::default(), |way| {
            Score::from_ratio(worth(&way).ratio(self.bills[way.bill as usize].taken_milli))
        })
    }

    fn milli(&self, line: &[Option<Way>; 2]) -> i32 {
        line.iter().flatten().map(|way| self.milli_of(way)).fold(NONE, i32::max)
    }

    fn milli_of(&self, way: &Way) -> i32 {
        way.fixed_milli.saturating_add(self.costs_milli[way.bill as usize])
    }
}
