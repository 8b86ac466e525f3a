//! Which nodes to buy, so that something holds.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::fleet::{Fleet, Purchase};
use super::settle::Homeless;
use crate::cluster::{Assembly, FreshnessPolicy, PodRequest, Rehearsal, Timestamp};
use crate::placement::{Candidate, Profile, Verdict, filter};
use crate::workload::Class;

/// What must hold of a larger cluster.
pub trait Need {
    /// What is wrong with these nodes.
    fn shortfall(&mut self, fleet: &Fleet, purchase: &Purchase) -> Shortfall;
}

/// What is wrong with a purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shortfall {
    /// How much; nothing where the purchase is enough.
    pub amount: u64,
    /// The pods that find no place, where that is what is wrong: what more to buy is guessed by them.
    pub homeless: Vec<Homeless>,
}

/// How many nodes of one offer by themselves are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alone {
    /// So many; one fewer was tried and is too few.
    Nodes(u32),
    /// No number is.
    Never,
    /// It was not tried to the end.
    Untried,
}

/// What to buy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// By offer, how many nodes of it are enough by themselves.
    pub alone: Vec<Alone>,
    /// The cheapest purchase that was found: none of its nodes can be left out, or replaced by cheaper ones.
    /// `None` where none was found.
    pub cheapest: Option<Purchase>,
    /// How many clusters were tried.
    pub tried: usize,
    /// Whether it was stopped before all was tried: then something cheaper may be enough.
    pub partial: bool,
}

/// Looks for what to buy: each offer alone and, where the catalogue has prices, a mix of them. Every purchase that is
/// returned was tried and is enough. The mix is found by buying what the homeless fill best for the money, and then
/// leaving out and replacing nodes as long as that is cheaper and enough: the optimum on small cases, near it on large
/// ones. Before each cluster that is tried `goes_on` is asked whether to go on.
pub fn needed(fleet: &Fleet, need: &mut dyn Need, goes_on: &dyn Fn() -> bool) -> Needed {
    let mut search = Search { fleet, need, goes_on, known: HashMap::new(), partial: false };
    let nothing = fleet.nothing();
    if search.is_met(&nothing) {
        let alone = vec![Alone::Nodes(0); fleet.offers().len()];
        return Needed { alone, cheapest: Some(nothing), tried: search.known.len(), partial: search.partial };
    }
    let mut gpus = gpus_asked(fleet, &search.shortfall(&nothing).homeless);
    let mut alone = Vec::new();
    for (number, offer) in fleet.offers().iter().enumerate() {
        let hint = gpus.div_ceil(u64::from(offer.shape.gpus.max(1)));
        let found = search.alone(number, hint.clamp(1, u32::MAX.into()) as u32);
        if let Alone::Nodes(nodes) = found {
            gpus = u64::from(nodes) * u64::from(offer.shape.gpus);
        }
        alone.push(found);
    }
    let single = |(offer, alone): (usize, &Alone)| {
        let Alone::Nodes(count) = alone else { return None };
        let mut purchase = fleet.nothing();
        purchase.0[offer] = *count;
        Some(purchase)
    };
    let cost = |purchase: &Purchase| (fleet.cost(purchase), purchase.0.iter().sum::<u32>());
    let mut starts: Vec<Purchase> = alone.iter().enumerate().filter_map(single).collect();
    starts.sort_by_key(cost);
    if fleet.is_priced() {
        starts.truncate(MOST_STARTS);
        starts.extend(search.mix());
        starts = starts.into_iter().map(|start| search.improve(start)).collect();
    }
    let cheapest = starts.into_iter().min_by_key(cost);
    Needed { alone, cheapest, tried: search.known.len(), partial: search.partial }
}

/// The whole GPUs that these pods ask for.
fn gpus_asked(fleet: &Fleet, homeless: &[Homeless]) -> u64 {
    let workload = fleet.standing();
    let milli = homeless.iter().map(|group| group.pods * workload.class(group.class).asked_milli());
    milli.sum::<u64>().div_ceil(1000)
}

struct Search<'a> {
    fleet: &'a Fleet,
    need: &'a mut dyn Need,
    goes_on: &'a dyn Fn() -> bool,
    /// By purchase, what is wrong.
    known: HashMap<Purchase, Shortfall>,
    partial: bool,
}

/// From how many shapes alone, the cheapest, a cheaper mix is looked for.
const MOST_STARTS: usize = 3;

/// How often a mix is mended whose nodes turn out not to be enough, and after how many times by twice as much.
const MOST_MENDINGS: usize = 40;
const FEW_MENDINGS: usize = 4;

/// More nodes of one offer than this are not thought of.
const MOST_NODES: u32 = 1_000_000;

/// After so many doublings that help nobody, more nodes of an offer are no help.
const MOST_VAIN_DOUBLINGS: u32 = 2;

impl Search<'_> {
    fn is_met(&mut self, purchase: &Purchase) -> bool {
        self.shortfall(purchase).amount == 0
    }

    /// What is wrong with the purchase; after an end was asked for, everything is with one that was not tried.
    fn shortfall(&mut self, purchase: &Purchase) -> Shortfall {
        if let Some(known) = self.known.get(purchase) {
            return known.clone();
        }
        self.partial |= !(self.goes_on)();
        if self.partial {
            return Shortfall { amount: u64::MAX, homeless: Vec::new() };
        }
        let shortfall = self.need.shortfall(self.fleet, purchase);
        self.known.insert(purchase.clone(), shortfall.clone());
        shortfall
    }

    /// The fewest nodes of one offer that are enough by themselves; about `hint` of them are expected to be.
    fn alone(&mut self, offer: usize, hint: u32) -> Alone {
        let mut purchase = self.fleet.nothing();
        let mut shortfall = self.shortfall(&purchase).amount;
        let (mut step, mut vain) = (hint, 0);
        loop {
            purchase.0[offer] += step;
            let now = self.shortfall(&purchase).amount;
            if self.partial {
                return Alone::Untried;
            }
            if now == 0 {
                break;
            }
            vain = if now < shortfall { 0 } else { vain + 1 };
            if vain == MOST_VAIN_DOUBLINGS || purchase.0[offer] > MOST_NODES {
                return Alone::Never;
            }
            shortfall = shortfall.min(now);
            step = purchase.0[offer];
        }
        let fewest = self.fewest(&purchase, offer);
        if self.partial { Alone::Untried } else { Alone::Nodes(fewest) }
    }

    /// The fewest nodes of this offer that are enough with the others of the purchase, which itself is enough: found by
    /// doubling and halving, so that one fewer was tried and is too few.
    fn fewest(&mut self, purchase: &Purchase, offer: usize) -> u32 {
        let mut trial = purchase.clone();
        let mut is_enough = |count: u32| {
            trial.0[offer] = count;
            self.is_met(&trial)
        };
        let mut enough = purchase.0[offer];
        let mut too_few = None;
        let mut step = 1;
        while too_few.is_none() && enough > 0 {
            let fewer = enough.saturating_sub(step);
            if is_enough(fewer) {
                enough = fewer
            } else {
                too_few = Some(fewer)
            }
            step *= 2;
        }
        let mut too_few = too_few.unwrap_or(enough);
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            if is_enough(middle) { enough = middle } else { too_few = middle }
        }
        enough
    }

    /// A mix that is enough: what the homeless fill best for the money, again and again.
    fn mix(&mut self) -> Option<Purchase> {
        let mut purchase = self.fleet.nothing();
        for mending in 0..MOST_MENDINGS {
            if self.partial {
                return None;
            }
            let homeless = self.shortfall(&purchase).homeless;
            let more = shelter(self.fleet, &homeless)?;
            // What little is wrong may stay wrong for long: others take the room that was meant for those.
            let times = 1 << (mending / FEW_MENDINGS);
            purchase.0.iter_mut().zip(more.0).for_each(|(count, more)| *count += times * more);
            if self.is_met(&purchase) {
                return Some(purchase);
            }
        }
        None
    }

    /// Leaves nodes out and replaces them by cheaper ones, as long as it is enough.
    fn improve(&mut self, mut purchase: Purchase) -> Purchase {
        let offers = self.fleet.offers();
        let mut dearest: Vec<usize> = (0..offers.len()).collect();
        dearest.sort_by_key(|offer| Reverse(offers[*offer].cost));
        loop {
            for offer in &dearest {
                purchase.0[*offer] = self.fewest(&purchase, *offer);
            }
            let pairs = dearest.iter().flat_map(|from| dearest.iter().map(move |to| (*from, *to)));
            let pairs = pairs.filter(|(from, to)| from != to && offers[*to].cost > 0);
            // Some of one shape by as many of another as cost less: half of them, a quarter and so on, and two and one.
            let swaps =
                pairs.flat_map(|(from, to)| steps(purchase.0[from]).map(move |step| (from, step, to)));
            let swapped = swaps.filter_map(|(from, step, to)| {
                let most = (u64::from(step) * offers[from].cost).checked_sub(1)? / offers[to].cost;
                let mut swapped = purchase.clone();
                swapped.0[from] -= step;
                swapped.0[to] += u32::try_from(most).ok().filter(|most| *most > 0)?;
                Some(swapped)
            });
            let swapped: Vec<Purchase> = swapped.collect();
            match swapped.into_iter().find(|swapped| self.is_met(swapped)) {
                Some(better) => purchase = better,
                None => return purchase,
            }
        }
    }
}

/// Parts of a number: half, a quarter and so on, and two and one.
fn steps(number: u32) -> impl Iterator<Item = u32> {
    let halves = std::iter::successors(Some(number / 2), |half| Some(half / 2)).take_while(|half| *half > 2);
    halves.chain([2, 1]).filter(move |step| *step <= number)
}

/// Nodes that these pods find place on, bought one after the other: the one that most of them fill for its price.
/// `None` where there are no such pods, or some that fit no offer.
fn shelter(fleet: &Fleet, homeless: &[Homeless]) -> Option<Purchase> {
    let workload = fleet.standing();
    let mut waiting: Vec<(&Class, u64)> =
        homeless.iter().map(|group| (workload.class(group.class), group.pods)).collect();
    waiting.sort_by_key(|(class, _)| Reverse((class.gpu_milli, class.request.cpu, class.memory_mib)));
    let mut purchase = fleet.nothing();
    let is_waiting = |waiting: &[(&Class, u64)]| waiting.iter().any(|(_, pods)| *pods > 0);
    if !is_waiting(&waiting) {
        return None;
    }
    while is_waiting(&waiting) {
        let fills = (0..fleet.offers().len()).map(|offer| (offer, fill(fleet, offer, &waiting)));
        let worth = |offer: usize, filled: &[u64]| {
            let value: u64 = filled.iter().zip(&waiting).map(|(pods, (class, _))| pods * value(class)).sum();
            u128::from(value) * 1_000_000 / u128::from(fleet.offers()[offer].cost.max(1))
        };
        let (offer, filled) = fills.max_by_key(|(offer, filled)| (worth(*offer, filled), Reverse(*offer)))?;
        if filled.iter().all(|pods| *pods == 0) {
            return None;
        }
        purchase.0[offer] += 1;
        waiting.iter_mut().zip(filled).for_each(|((_, pods), gone)| *pods -= gone);
    }
    Some(purchase)
}

/// What a place for a pod is worth: its GPUs, and a little for its CPU, so that pods without GPUs are worth something.
fn value(class: &Class) -> u64 {
    class.gpu_milli * 1000 + class.request.cpu.0 + 1
}

/// How many of each of the waiting an empty node of this offer takes, the largest first.
fn fill(fleet: &Fleet, offer: usize, waiting: &[(&Class, u64)]) -> Vec<u64> {
    let mut assembly = Assembly::default();
    assembly.apply_node(fleet.node(&fleet.offers()[offer], "new"));
    let mut node = Rehearsal::of(&assembly.snapshot(Timestamp(0), FreshnessPolicy::default()));
    let profile = Profile::standard("plan");
    let mut takes = |pod: &PodRequest| {
        let candidate = Candidate::named(node.snapshot(), "new");
        let Some(slot) = candidate.slot else { return false };
        let fits = filter(node.snapshot(), pod, &profile, &[candidate]) == [Verdict::Fits];
        if fits {
            node.bind(slot, pod, &[]);
        }
        fits
    };
    let count =
        |(class, pods): &(&Class, u64)| (0..*pods).take_while(|_| takes(&class.request)).count() as u64;
    waiting.iter().map(count).collect()
}
