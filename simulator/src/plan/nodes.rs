//! Which nodes to buy, so that something holds.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::fleet::{Fleet, Purchase};
use super::settle::Homeless;
use crate::cluster::{Assembly, FreshnessPolicy, PodRequest, Rehearsal, Timestamp};
use crate::placement::{Candidate, Profile, Verdict, filter};
use crate::workload::Class;

/// Whom a larger cluster must satisfy, and what says whether it does.
pub trait Need {
    /// Whether all is well with these nodes.
    fn is_met(&mut self, fleet: &Fleet, purchase: &Purchase) -> bool;

    /// The pods that find no place with these nodes, where that is what is wrong: what to buy is guessed by them.
    fn homeless(&mut self, _fleet: &Fleet, _purchase: &Purchase) -> Vec<Homeless> {
        Vec::new()
    }
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
    /// The cheapest purchase that was found: none of its nodes can be left out, or replaced by one cheaper node.
    /// `None` where none was found.
    pub cheapest: Option<Purchase>,
    /// How many clusters were tried.
    pub tried: usize,
    /// Whether it was stopped before all was tried: then something cheaper may be enough.
    pub partial: bool,
}

/// Looks for what to buy: each offer alone, and a mix of them. Every purchase that is returned was tried and is enough.
/// The mix is found by buying what the homeless fill best for the money, and then leaving out and replacing nodes as
/// long as that is cheaper and enough: the optimum on small cases, near it on large ones. Before each cluster that is
/// tried `goes_on` is asked whether to go on.
pub fn needed(fleet: &Fleet, need: &mut dyn Need, goes_on: &dyn Fn() -> bool) -> Needed {
    let mut search = Search { fleet, need, goes_on, known: HashMap::new(), partial: false };
    let offers = 0..fleet.offers().len();
    let nothing = fleet.nothing();
    let (alone, starts) = if search.is_met(&nothing) {
        (offers.map(|_| Alone::Nodes(0)).collect(), vec![nothing])
    } else {
        let alone: Vec<Alone> = offers.map(|offer| search.alone(offer)).collect();
        let single = |(offer, alone): (usize, &Alone)| {
            let Alone::Nodes(count) = alone else { return None };
            let mut purchase = fleet.nothing();
            purchase.0[offer] = *count;
            Some(purchase)
        };
        let singles = alone.iter().enumerate().filter_map(single).min_by_key(|purchase| fleet.cost(purchase));
        let mix = search.mix();
        (alone, singles.into_iter().chain(mix).collect())
    };
    let improved = starts.into_iter().map(|start| search.improve(start));
    let cheapest = improved.min_by_key(|purchase| fleet.cost(purchase));
    Needed { alone, cheapest, tried: search.known.len(), partial: search.partial }
}

struct Search<'a> {
    fleet: &'a Fleet,
    need: &'a mut dyn Need,
    goes_on: &'a dyn Fn() -> bool,
    known: HashMap<Purchase, bool>,
    partial: bool,
}

/// How often a mix is mended whose nodes turn out not to be enough.
const MOST_MENDINGS: usize = 50;

impl Search<'_> {
    /// Whether the purchase is enough; after an end was asked for, no purchase is that was not tried before.
    fn is_met(&mut self, purchase: &Purchase) -> bool {
        if let Some(known) = self.known.get(purchase) {
            return *known;
        }
        self.partial |= !(self.goes_on)();
        if self.partial {
            return false;
        }
        let met = self.need.is_met(self.fleet, purchase);
        self.known.insert(purchase.clone(), met);
        met
    }

    /// The fewest nodes of one offer that are enough by themselves.
    fn alone(&mut self, offer: usize) -> Alone {
        let most = most(self.fleet, offer);
        let mut purchase = self.fleet.nothing();
        purchase.0[offer] = most;
        let found = if most == 0 || !self.is_met(&purchase) {
            Alone::Never
        } else {
            Alone::Nodes(self.fewest(&purchase, offer))
        };
        if self.partial { Alone::Untried } else { found }
    }

    /// The fewest nodes of this offer that are enough with the others of the purchase, which itself is enough: found by
    /// doubling and halving, so that one fewer was tried and is too few.
    fn fewest(&mut self, purchase: &Purchase, offer: usize) -> u32 {
        let mut trial = purchase.clone();
        let mut is_enough = |search: &mut Self, count: u32| {
            trial.0[offer] = count;
            search.is_met(&trial)
        };
        if purchase.0[offer] == 0 || is_enough(self, 0) {
            return 0;
        }
        let (mut too_few, mut enough) = (0, purchase.0[offer]);
        let mut step = 1;
        while too_few + step < enough {
            if is_enough(self, too_few + step) {
                enough = too_few + step;
            } else {
                too_few += step;
                step *= 2;
            }
        }
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            if is_enough(self, middle) { enough = middle } else { too_few = middle }
        }
        enough
    }

    /// A mix that is enough: what the homeless fill best for the money, again and again.
    fn mix(&mut self) -> Option<Purchase> {
        let mut purchase = self.fleet.nothing();
        for _ in 0..MOST_MENDINGS {
            if self.partial {
                return None;
            }
            let homeless = self.need.homeless(self.fleet, &purchase);
            let more = shelter(self.fleet, &homeless)?;
            purchase.0.iter_mut().zip(more.0).for_each(|(count, more)| *count += more);
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
            let swaps = dearest.iter().flat_map(|from| dearest.iter().map(move |to| (*from, *to)));
            let cheaper = swaps.filter(|(from, to)| offers[*to].cost < offers[*from].cost);
            let swapped = cheaper.filter(|(from, _)| purchase.0[*from] > 0).map(|(from, to)| {
                let mut swapped = purchase.clone();
                swapped.0[from] -= 1;
                swapped.0[to] += 1;
                swapped
            });
            let swapped: Vec<Purchase> = swapped.collect();
            match swapped.into_iter().find(|swapped| self.is_met(swapped)) {
                Some(better) => purchase = better,
                None => return purchase,
            }
        }
    }
}

/// More nodes of one offer than could be needed if they were any help: room for twice what all pods ask for.
fn most(fleet: &Fleet, offer: usize) -> u32 {
    let workload = fleet.with(&fleet.nothing());
    let shape = &fleet.offers()[offer].shape;
    let classes = || workload.pods.iter().map(|pod| workload.class(*pod));
    let gpu_milli: u64 = classes().map(|class| u64::from(class.request.gpu_count()) * 1000).sum();
    let cpu: u64 = classes().map(|class| class.request.cpu.0).sum();
    let memory: u64 = classes().map(|class| class.memory_mib).sum();
    let nodes = |asked: u64, each: u64| if each == 0 { 0 } else { (2 * asked).div_ceil(each) };
    let most = nodes(gpu_milli, u64::from(shape.gpus) * 1000)
        .max(nodes(cpu, shape.cpu.0))
        .max(nodes(memory, shape.memory.0));
    most.min(workload.pods.len() as u64) as u32
}

/// Nodes that these pods find place on, bought one after the other: the one that most of them fill for its price.
/// `None` where there are no such pods, or some that fit no offer.
fn shelter(fleet: &Fleet, homeless: &[Homeless]) -> Option<Purchase> {
    let workload = fleet.with(&fleet.nothing());
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
    let mut count =
        |(class, pods): &(&Class, u64)| (0..*pods).take_while(|_| takes(&class.request)).count() as u64;
    waiting.iter().map(|waiting| count(waiting)).collect()
}
