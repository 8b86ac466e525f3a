//! What scarce room costs now.

use super::appraisal::{Bill, Offer, Offers};
use super::kind::Kind;
use super::reserve::{Group, Insisting, MAX_GROUPS, groups, insisting};
use super::site::{Rest, Site, cpu_milli};
use super::valuation::Valuation;
use super::worth::{Worth, better};
use crate::cluster::{Mix, Node, PoolFacts, Snapshot};
use crate::placement::Score;

/// What the rest of a cluster is worth, and what its scarce parts cost.
#[derive(Debug, Default)]
pub struct Market {
    valuations: Vec<Valuation>,
    groups: Vec<Group>,
    insisting: Vec<Insisting>,
    stock: Stock,
    slot_prices: [i64; MAX_GROUPS],
    /// For each kind, thousandths of what is taken.
    kind_prices: Vec<i64>,
    /// How often prices have changed.
    prices: u64,
    /// How many mixes it has learned.
    lesson: u64,
}

/// What nodes have together. Whole numbers, so that the order in which nodes come and go leaves no trace.
#[derive(Debug, Default)]
struct Stock {
    idle_milli: i64,
    slots: [i64; MAX_GROUPS],
    /// By kind: what its GPUs are in all, and what of them is idle, in thousandths.
    kinds: Vec<(i64, i64)>,
}

/// What a placement changes by each term, in thousandths of a GPU: less than nothing is a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) devices: i64,
    pub(super) cpu: i64,
    pub(super) slots: i64,
    pub(super) models: i64,
}

impl Market {
    /// The market of a cluster.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut market = Self::default();
        market.learn(snapshot.mix());
        for node in snapshot.nodes() {
            for (facts, pool) in node.pools() {
                let kind = market.meet(snapshot.mix(), node, facts);
                market.stock.add(&market.groups, cpu_milli(node), &Rest::of(kind, facts, pool), 1);
            }
        }
        market.set_prices();
        market
    }

    /// Takes up another mix. The kinds keep their numbers; nothing is in stock any more.
    pub(in crate::placement) fn learn(&mut self, mix: &Mix) {
        for valuation in std::mem::take(&mut self.valuations) {
            self.valuations.push(Valuation::new(valuation.kind, mix, &self.valuations));
        }
        self.groups = groups(mix);
        self.insisting = self.insisting(mix);
        self.stock = Stock { kinds: vec![(0, 0); self.valuations.len()], ..Stock::default() };
        self.lesson += 1;
    }

    /// A number for the mix that was learned last.
    pub(in crate::placement) fn lesson(&self) -> u64 {
        self.lesson
    }

    /// A number for the prices of now: another one as soon as any is another.
    pub(in crate::placement) fn prices(&self) -> u64 {
        self.prices
    }

    /// The number of the pool's kind of GPUs, which is learned of where it is new: kinds are numbered as they are met.
    pub(in crate::placement) fn meet(&mut self, mix: &Mix, node: &Node, facts: &PoolFacts) -> usize {
        self.kind(node, facts).unwrap_or_else(|| {
            self.valuations.push(Valuation::new(Kind::of(node, facts), mix, &self.valuations));
            self.insisting = self.insisting(mix);
            self.stock.kinds.push((0, 0));
            self.valuations.len() - 1
        })
    }

    fn insisting(&self, mix: &Mix) -> Vec<Insisting> {
        insisting(mix, self.valuations.iter().map(|valuation| &valuation.kind))
    }

    /// Whether there are kinds of which no node has a healthy GPU any more.
    pub(in crate::placement) fn has_vanished_kinds(&self) -> bool {
        self.stock.kinds.iter().any(|(all, _)| *all == 0)
    }

    /// Forgets the numbers of all kinds. Nothing may be in stock.
    pub(in crate::placement) fn forget_kinds(&mut self) {
        self.valuations.clear();
    }

    /// So many nodes like this come, or less than none: they leave.
    pub(in crate::placement) fn restock(&mut self, site: &Site, nodes: i64) {
        for lot in site.lots.iter().flatten() {
            self.stock.add(&self.groups, site.cpu_milli, &lot.rest, nodes);
        }
    }

    /// Sets the prices by the stock of now.
    pub(in crate::placement) fn set_prices(&mut self) {
        let mut slot_prices = [0; MAX_GROUPS];
        for ((price, group), slots) in slot_prices.iter_mut().zip(&self.groups).zip(self.stock.slots) {
            *price = group.price(self.stock.idle_milli, slots);
        }
        let kind_prices: Vec<i64> = (0..self.stock.kinds.len()).map(|kind| self.kind_price(kind)).collect();
        if slot_prices != self.slot_prices || kind_prices != self.kind_prices {
            self.prices += 1;
        }
        (self.slot_prices, self.kind_prices) = (slot_prices, kind_prices);
    }

    /// What GPUs of a kind cost, in thousandths of what is taken.
    fn kind_price(&self, kind: usize) -> i64 {
        let kinds = &self.stock.kinds;
        let (capacity, idle) = kinds[kind];
        let lists = self.insisting.iter().filter(|list| list.kinds.get(kind) == Some(&true));
        let share: f64 = lists
            .map(|list| {
                let listed: i64 =
                    list.kinds.iter().zip(kinds).filter(|(on, _)| **on).map(|(_, (all, _))| all).sum();
                if listed > 0 { list.share * capacity as f64 / listed as f64 } else { 0.0 }
            })
            .sum();
        let needed = self.stock.idle_milli as f64 * share;
        let scarcity = ((2.0 * needed - idle as f64) / (needed + 1.0)).clamp(0.0, 1.0);
        if share > 0.0 { (1000.0 * scarcity).round() as i64 } else { 0 }
    }

    /// What a placement changes by each term.
    pub(super) fn terms(&self, offer: &Offer) -> Terms {
        let Offer { devices, cpu, bill, .. } = offer;
        let slots = self.slots_cost(bill);
        Terms { devices: (*devices).into(), cpu: (*cpu).into(), slots, models: self.models_cost(bill) }
    }

    fn slots_cost(&self, bill: &Bill) -> i64 {
        let slots = bill.slots.iter().zip(self.slot_prices).map(|(slots, price)| i64::from(*slots) * price);
        slots.sum::<i64>() / 1000
    }

    fn models_cost(&self, bill: &Bill) -> i64 {
        let price = self.kind_prices.get(usize::from(bill.kind)).copied().unwrap_or_default();
        -(price * i64::from(bill.taken_milli) / 1000)
    }

    /// What the prices make of a bill, in thousandths of a GPU: less than nothing is a loss.
    pub(in crate::placement) fn cost_milli(&self, bill: &Bill) -> i32 {
        (self.slots_cost(bill) + self.models_cost(bill)) as i32
    }

    /// What a placement is worth.
    fn worth(&self, offer: &Offer) -> Worth {
        Worth::of(offer.fixed_milli().saturating_add(self.cost_milli(&offer.bill)))
    }

    /// The better of the ways.
    pub(in crate::placement) fn best(&self, offers: &Offers) -> Option<Offer> {
        better(offers, |offer| self.worth(offer))
    }

    /// The score of a node where the pod can be placed in these ways.
    pub(in crate::placement) fn score(&self, offers: &Offers) -> Score {
        self.best(offers).map_or(Score::default(), |offer| Score::from_ratio(self.ratio(&offer)))
    }

    pub(super) fn ratio(&self, offer: &Offer) -> f64 {
        self.worth(offer).ratio(offer.bill.taken_milli)
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The number of the pool's kind, where it has been met.
    pub(super) fn kind(&self, node: &Node, facts: &PoolFacts) -> Option<usize> {
        let found = |has: fn(&Kind, &Node, &PoolFacts) -> bool| {
            self.valuations.iter().position(|valuation| has(&valuation.kind, node, facts))
        };
        found(Kind::is_at_once).or_else(|| found(Kind::has))
    }

    /// What GPUs of the kind with this number are worth.
    pub(super) fn valued(&self, kind: usize) -> &Valuation {
        &self.valuations[kind]
    }
}

impl Stock {
    /// Adds what so many nodes have left of a pool, with so much CPU for it.
    fn add(&mut self, groups: &[Group], cpu_milli: u64, rest: &Rest, nodes: i64) {
        let idle_milli = nodes * i64::from(rest.idle_milli);
        let (all, idle) = &mut self.kinds[rest.kind];
        *all += nodes * i64::from(rest.healthy) * 1000;
        *idle += idle_milli;
        self.idle_milli += idle_milli;
        if rest.untouched > 0 {
            for (slots, group) in self.slots.iter_mut().zip(groups) {
                *slots += nodes * i64::from(group.slots(rest.untouched, cpu_milli));
            }
        }
    }
}
