//! What scarce room costs now.

use super::appraisal::{Bill, Offer, Offers, Rest};
use super::kind::Kind;
use super::reserve::{Group, Insisting, MAX_GROUPS, groups, insisting};
use super::valuation::Valuation;
use super::worth::{Worth, better};
use crate::cluster::{Mix, Node, PoolFacts, Snapshot};
use crate::placement::Score;

/// What the rest of a cluster is worth, and what its scarce parts cost.
#[derive(Debug)]
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
}

/// What nodes have together. Whole numbers, so that the order in which nodes come and go leaves no trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::placement) struct Stock {
    idle_milli: u64,
    slots: [u64; MAX_GROUPS],
    /// By kind: what its GPUs are in all, and what of them is idle, in thousandths.
    kinds: Vec<(u64, u64)>,
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
        let mut market = Self::empty(snapshot.mix());
        for node in snapshot.nodes() {
            market.meet(snapshot.mix(), node);
            let stock = market.stock_of(node);
            market.restock(None, Some(&stock));
        }
        market.set_prices();
        market
    }

    /// Without a node yet.
    pub(in crate::placement) fn empty(mix: &Mix) -> Self {
        Self {
            valuations: Vec::new(),
            groups: groups(mix),
            insisting: Vec::new(),
            stock: Stock::default(),
            slot_prices: [0; MAX_GROUPS],
            kind_prices: Vec::new(),
            prices: 0,
        }
    }

    /// A number for the prices of now: another one as soon as any is another.
    pub(in crate::placement) fn prices(&self) -> u64 {
        self.prices
    }

    /// Learns of the node's kinds of GPUs. Kinds are numbered as they are met.
    pub(in crate::placement) fn meet(&mut self, mix: &Mix, node: &Node) {
        for (facts, _) in node.pools() {
            if self.valuation(node, facts).is_none() {
                let valuation = Valuation::new(Kind::of(node, facts), mix, &self.valuations);
                self.valuations.push(valuation);
                self.insisting = insisting(mix, self.valuations.iter().map(|valuation| &valuation.kind));
            }
        }
    }

    /// What one node adds to the stock.
    pub(in crate::placement) fn stock_of(&self, node: &Node) -> Stock {
        let mut stock = Stock { kinds: vec![(0, 0); self.valuations.len()], ..Stock::default() };
        let cpu_milli = node.cpu().saturating_sub(node.cpu_used()).0;
        for (facts, pool) in node.pools() {
            let Some((kind, _)) = self.valuation(node, facts) else { continue };
            let rest = Rest::of(&pool.gaps);
            let healthy = facts.capacity.saturating_sub(pool.unhealthy) / facts.kind.units_per_device();
            stock.idle_milli += u64::from(rest.idle_milli);
            stock.kinds[kind].0 += u64::from(healthy) * 1000;
            stock.kinds[kind].1 += u64::from(rest.idle_milli);
            for (slots, group) in stock.slots.iter_mut().zip(&self.groups) {
                *slots += u64::from(group.slots(rest.untouched, cpu_milli));
            }
        }
        stock
    }

    /// Replaces what a node has added to the stock.
    pub(in crate::placement) fn restock(&mut self, before: Option<&Stock>, after: Option<&Stock>) {
        before.into_iter().for_each(|stock| self.stock.subtract(stock));
        after.into_iter().for_each(|stock| self.stock.add(stock));
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
                let listed: u64 =
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
    pub(in crate::placement) fn kind(&self, node: &Node, facts: &PoolFacts) -> Option<usize> {
        self.valuation(node, facts).map(|(kind, _)| kind)
    }

    /// What GPUs of the kind with this number are worth.
    pub(super) fn valued(&self, kind: usize) -> &Valuation {
        &self.valuations[kind]
    }

    /// The number of the pool's kind, and what it is worth.
    pub(super) fn valuation(&self, node: &Node, facts: &PoolFacts) -> Option<(usize, &Valuation)> {
        let found = |has: fn(&Kind, &Node, &PoolFacts) -> bool| {
            self.valuations.iter().enumerate().find(|(_, valuation)| has(&valuation.kind, node, facts))
        };
        found(Kind::is_at_once).or_else(|| found(Kind::has))
    }
}

impl Stock {
    fn add(&mut self, other: &Self) {
        self.idle_milli += other.idle_milli;
        self.slots.iter_mut().zip(other.slots).for_each(|(sum, more)| *sum += more);
        self.kinds.resize(self.kinds.len().max(other.kinds.len()), (0, 0));
        for (sum, more) in self.kinds.iter_mut().zip(&other.kinds) {
            *sum = (sum.0 + more.0, sum.1 + more.1);
        }
    }

    fn subtract(&mut self, other: &Self) {
        self.idle_milli -= other.idle_milli;
        self.slots.iter_mut().zip(other.slots).for_each(|(sum, less)| *sum -= less);
        for (sum, less) in self.kinds.iter_mut().zip(&other.kinds) {
            *sum = (sum.0 - less.0, sum.1 - less.1);
        }
    }
}
