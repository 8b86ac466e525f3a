//! Nodes that are alike.

use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use smallvec::SmallVec;

use crate::cluster::{Gaps, Journal, Mib, MilliCpu, Mix, Node};
use crate::placement::strategy::Market;
use crate::placement::strategy::fragmentation::Site;

/// All that a verdict, an offer and the market's stock read of a node: nodes in one state are alike to every pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    idle_cpu: MilliCpu,
    idle_memory: Mib,
    gpu_memory: Option<Mib>,
    pools: SmallVec<[PoolState; 1]>,
    /// The node's name where pods are nominated to it: they make it unlike any other.
    nominated: Option<Arc<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PoolState {
    /// The resource, how it is shared, and the model, by the market's number.
    kind: usize,
    capacity: u32,
    allocated: u32,
    unhealthy: u32,
    gaps: Gaps,
}

impl State {
    fn of(market: &mut Market, mix: &Mix, node: &Node) -> Self {
        Self {
            idle_cpu: node.cpu().saturating_sub(node.cpu_used()),
            idle_memory: node.memory().saturating_sub(node.memory_used()),
            gpu_memory: node.gpu_memory(),
            pools: node
                .pools()
                .map(|(facts, pool)| PoolState {
                    kind: market.meet(mix, node, facts),
                    capacity: facts.capacity,
                    allocated: pool.allocated,
                    unhealthy: pool.unhealthy,
                    gaps: pool.gaps.clone(),
                })
                .collect(),
            nominated: node.has_nominated().then(|| node.name().clone()),
        }
    }
}

/// The number of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StateId(NonZeroU32);

impl StateId {
    /// From 0 on.
    pub(super) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The states that nodes are in. A number is given again when no node is left in its state.
#[derive(Debug, Default)]
pub(super) struct States {
    hasher: DefaultHashBuilder,
    /// By the hash of the state.
    numbers: HashTable<StateId>,
    /// By number.
    held: Vec<Held>,
    vacant: Vec<StateId>,
    /// By number, which mean another state than before.
    journal: Journal,
}

#[derive(Debug)]
struct Held {
    state: State,
    hash: u64,
    nodes: u32,
    site: Site,
}

impl States {
    /// By the state's index, which mean another state than before.
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Whether any node is in the state with this index.
    pub(super) fn has(&self, index: usize) -> bool {
        self.held[index].nodes > 0
    }

    /// What nodes in the state are worth before a pod.
    pub(super) fn site(&self, state: StateId) -> &Site {
        &self.held[state.index()].site
    }

    /// Makes room for the states of so many nodes more.
    pub(super) fn reserve(&mut self, nodes: usize) {
        self.held.reserve(nodes);
        self.numbers.reserve(nodes, |id| self.held[id.index()].hash);
    }

    /// A node comes into the state that it is in now, with what that adds to the market.
    pub(super) fn enter(&mut self, market: &mut Market, mix: &Mix, node: &Node) -> StateId {
        let state = State::of(market, mix, node);
        let hash = self.hasher.hash_one(&state);
        let known = self.numbers.find(hash, |id| self.held[id.index()].state == state).copied();
        let id = known.unwrap_or_else(|| {
            let site = market.site_of(node, state.pools.iter().map(|pool| Some(pool.kind)));
            self.meet(Held { state, hash, nodes: 0, site })
        });
        let held = &mut self.held[id.index()];
        held.nodes += 1;
        market.restock(&held.site, 1);
        id
    }

    fn meet(&mut self, met: Held) -> StateId {
        let hash = met.hash;
        let id = match self.vacant.pop() {
            Some(id) => {
                self.held[id.index()] = met;
                id
            }
            None => {
                self.held.push(met);
                self.journal.resize(self.held.len());
                StateId(NonZeroU32::MIN.saturating_add(self.held.len() as u32 - 1))
            }
        };
        self.journal.changed(id.index());
        self.numbers.insert_unique(hash, id, |id| self.held[id.index()].hash);
        id
    }

    /// A node leaves the state.
    pub(super) fn leave(&mut self, market: &mut Market, id: StateId) {
        let held = &mut self.held[id.index()];
        market.restock(&held.site, -1);
        held.nodes -= 1;
        if held.nodes == 0 {
            self.journal.changed(id.index());
            if let Ok(entry) = self.numbers.find_entry(held.hash, |known| *known == id) {
                entry.remove();
            }
            self.vacant.push(id);
        }
    }

    /// The market has learned something: what it has in stock, and what the states are worth.
    pub(super) fn appraise(&mut self, market: &mut Market) {
        for held in self.held.iter_mut().filter(|held| held.nodes > 0) {
            market.appraise(&mut held.site);
            market.restock(&held.site, held.nodes.into());
        }
    }
}
