//! One node for one pod: what a simulation asks, where nobody breaks ties at random.

use super::marks::{Found, NONE};
use super::quotes::Quotes;
use super::{Memory, Recollection, Scorer, strategy};
use crate::cluster::{Devices, Node, PodRequest, Slot, Snapshot};
use crate::placement::strategy::fragmentation::Worth;
use crate::placement::strategy::{Scoring, random};
use crate::placement::{Inquiry, Score, Verdict};

/// Where a pod goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The node.
    pub slot: Slot,
    /// The device, where the strategy says on which a share of a divisible GPU goes; empty where the tightest will do.
    pub devices: Devices,
}

impl Scorer {
    /// The node that the strategy scores highest of those that fit, the first of equals in this order; `None` where
    /// none fits. Measurements have no part in it.
    #[must_use]
    pub fn choose(&self, snapshot: &Snapshot, pod: &PodRequest, order: &[Slot]) -> Option<Choice> {
        let inquiry = Inquiry { snapshot, pod, profile: &self.profile, market: None };
        let mut memory = self.memory_now();
        let Memory { classes, changes, names, trade, .. } = memory.following(&inquiry, self.max_classes);
        let Recollection { fitting, marks, .. } = &mut *classes[0];
        let changed = changes.journal();
        let slot = match self.profile.strategy.scoring {
            Scoring::Class(_) => {
                let score = |node: &Node| strategy(&inquiry, node).millionths() as i32;
                let find = |slot| find(&inquiry, slot, score);
                marks.next_turn(changed, |index| find(Slot::at(index)).to_keep());
                match marks.top() {
                    Some(top) => first(order, top, |top| top, |slot| marks.at(slot.index())),
                    None => {
                        let mark = |slot: Slot| marks.recall(slot.index(), |_| find(slot));
                        highest(order, NONE, mark, |mark| mark)
                    }
                }
            }
            Scoring::Draw(seed) => {
                const UNFIT: f64 = -1.0;
                let seed = seed(&inquiry);
                let find = |slot| find(&inquiry, slot, |_| 0);
                marks.next_turn(changed, |index| find(Slot::at(index)).to_keep());
                let draw = |slot: Slot| match marks.recall(slot.index(), |_| find(slot)) {
                    NONE => UNFIT,
                    _ => random::draw(seed, names.hash(slot)),
                };
                highest(order, UNFIT, draw, Score::from_ratio)
            }
            Scoring::Market(_) => {
                let market = trade.market();
                fitting.next_turn(market, trade.states());
                let unread = fitting.read(changed);
                let milli = |fitting: &mut Quotes, slot| {
                    let Some(state) = trade.state(slot) else { return NONE };
                    fitting.milli(state, |book, fits| {
                        let site = trade.states().site(state);
                        let mut note =
                            |node: &Node| book.note(market, state, market.offers_at(site, node, pod));
                        match snapshot.at(slot).filter(|_| fits) {
                            Some(node) => Found { mark: note(node), is_lasting: true },
                            None => find(&inquiry, slot, note),
                        }
                    })
                };
                // Whatever state is new, a node that changed is in it.
                changed.since(unread, |index| _ = milli(fitting, Slot::at(index)));
                match fitting.top_milli() {
                    Some(top) => {
                        let milli = |slot| trade.state(slot).map_or(NONE, |state| fitting.known_milli(state));
                        first(order, top, |top| Worth::of(top).least_milli(), milli)
                    }
                    None => highest(order, NONE, |slot| milli(fitting, slot), Worth::of),
                }
            }
        }?;
        let has_market = matches!(self.profile.strategy.scoring, Scoring::Market(_));
        let (market, node) = (trade.market(), snapshot.at(slot).filter(|_| has_market));
        let offer = node.and_then(|node| market.best(&market.offers(node, pod)));
        let device = offer.and_then(|offer| offer.device).map(usize::from);
        Some(Choice { slot, devices: device.into_iter().collect() })
    }
}

/// The mark of the node where the pod fits. Whom nominated pods keep out depends on who asks.
fn find(inquiry: &Inquiry<'_>, slot: Slot, mark: impl FnOnce(&Node) -> i32) -> Found {
    let Some(node) = inquiry.snapshot.at(slot) else { return Found { mark: NONE, is_lasting: true } };
    let fits = Verdict::of(inquiry, node) == Verdict::Fits;
    Found { mark: if fits { mark(node) } else { NONE }, is_lasting: !node.has_nominated() }
}

/// The first that has a mark of the top's score, `least` of which is the lowest mark; where none has, of the highest
/// score that there is.
fn first(order: &[Slot], top: i32, least: impl Fn(i32) -> i32, mark: impl Fn(Slot) -> i32) -> Option<Slot> {
    let first = |top: i32| {
        let least = least(top);
        order.iter().copied().find(|slot| mark(*slot) >= least).filter(|_| top != NONE)
    };
    first(top).or_else(|| first(order.iter().map(|slot| mark(*slot)).max()?))
}

/// The first with the highest score. Raw values rise with the scores, and who has none above `least` has no score.
fn highest<R: Copy + PartialOrd, S: PartialOrd>(
    order: &[Slot],
    least: R,
    mut raw: impl FnMut(Slot) -> R,
    score: impl Fn(R) -> S,
) -> Option<Slot> {
    let mut most = least;
    let mut best: Option<(S, Slot)> = None;
    for slot in order {
        let raw = raw(*slot);
        // Nearly none gets past this, so that few scores are made of raw values.
        if raw > most {
            most = raw;
            let score = score(raw);
            if best.as_ref().is_none_or(|(best, _)| score > *best) {
                best = Some((score, *slot));
            }
        }
    }
    best.map(|(_, slot)| slot)
}
