//! One node for one pod: what a simulation asks, where nobody breaks ties at random.

use super::{Recollection, Scorer, strategy};
use crate::cluster::{Devices, Node, PodRequest, Slot, Snapshot};
use crate::placement::strategy::Scoring;
use crate::placement::strategy::fragmentation::Offer;
use crate::placement::{Inquiry, Verdict};

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
        let (Recollection { verdicts, findings, offers, .. }, trade) =
            memory.with_trade(&inquiry, self.max_classes);
        verdicts.next_turn(snapshot);
        match self.profile.strategy.scoring {
            Scoring::Class(_) => findings.next_turn(snapshot),
            Scoring::Draw(_) => {}
            Scoring::Market(_) => offers.next_turn(snapshot),
        }
        let find = |node: &Node| Verdict::of(&inquiry, node);
        let fitting = order.iter().filter(|slot| *verdicts.recall(snapshot, **slot, find) == Verdict::Fits);
        let mut best: Option<(i64, Slot, Option<Offer>)> = None;
        for slot in fitting {
            let (score, offer) = match self.profile.strategy.scoring {
                Scoring::Class(_) => {
                    let found = findings.recall(snapshot, *slot, |node| super::Finding::of(&inquiry, node));
                    (found.strategy.millionths().into(), None)
                }
                Scoring::Draw(_) => (strategy(&inquiry, snapshot.at(*slot)?).millionths().into(), None),
                Scoring::Market(_) => {
                    let market = trade.market()?;
                    let ways = offers.recall(snapshot, *slot, |node| market.offers(node, pod));
                    let Some(offer) = market.best(ways) else { continue };
                    (market.worth(&offer).into(), Some(offer))
                }
            };
            if best.is_none_or(|(most, ..)| score > most) {
                best = Some((score, *slot, offer));
            }
        }
        best.map(|(_, slot, offer)| Choice {
            slot,
            devices: offer.and_then(|offer| offer.device()).into_iter().collect(),
        })
    }
}
