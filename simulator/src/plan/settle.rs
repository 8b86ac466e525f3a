//! Everybody in place: where further questions start from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::{Devices, Hold, Node, PodRequest, Rehearsal, Slot};
use crate::placement::{Profile, Reason, Scorer, Strategy, Verdict, filter};
use crate::policy::{Arrival, Choice, Stage, candidates, order};
use crate::workload::ClassId;

/// A cluster on which pods have been placed one after the other, by a strategy that goes on placing.
#[derive(Debug)]
pub struct Settled {
    /// The cluster as it stands.
    pub cluster: Rehearsal,
    /// Those that found no place.
    pub homeless: Vec<Homeless>,
    /// The nodes, in the order that breaks ties.
    order: Vec<Slot>,
    scorer: Scorer,
    /// By slot, who is there.
    tenants: Vec<Vec<Tenant>>,
    /// How many pods were placed so far: each has a name of its own, which `random` draws by.
    placed: u64,
}

/// Pods of one class that found no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Homeless {
    /// What they ask for.
    pub class: ClassId,
    /// How many.
    pub pods: u64,
}

/// A pod on its node.
#[derive(Debug, Clone)]
pub(super) struct Tenant {
    pub(super) pod: Arc<PodRequest>,
    pub(super) devices: Devices,
}

/// Places the pods on the stage's cluster, one after the other; one that finds no place is passed over.
#[must_use]
pub fn settle(stage: Stage<'_>, strategy: &'static Strategy, pods: &[ClassId]) -> Settled {
    let workload = stage.workload;
    let mut policy = Choice::Own(strategy).build(stage);
    let mut settled = Settled::of(stage, strategy);
    let requests: Vec<Arc<PodRequest>> =
        workload.classes.iter().map(|class| Arc::new(class.request.clone())).collect();
    let mut homeless: BTreeMap<ClassId, u64> = BTreeMap::new();
    for (number, class) in (0..).zip(pods) {
        let pod = Arrival { class: *class, number };
        policy.comes(&mut settled.cluster, pod);
        // Nobody leaves: what has found no place once will find none later.
        let place = if homeless.contains_key(class) { None } else { policy.choose(&settled.cluster, pod) };
        match place {
            Some(place) => {
                settled.admit(place.slot, requests[class.index()].clone(), &place.devices);
                policy.bound(&settled.cluster, pod, place.slot);
            }
            None => *homeless.entry(*class).or_default() += 1,
        }
    }
    settled.homeless = homeless.into_iter().map(|(class, pods)| Homeless { class, pods }).collect();
    settled
}

impl Settled {
    /// With those in place that the snapshot has there.
    fn of(stage: Stage<'_>, strategy: &'static Strategy) -> Self {
        let workload = stage.workload;
        let profile = Profile { strategy, seed: stage.seed, ..Profile::standard("plan") };
        let mut tenants = vec![Vec::new(); workload.snapshot.slot_count()];
        for slot in &workload.slots {
            let bound = workload.snapshot.at(*slot).into_iter().flat_map(|node| node.pods());
            let bound = bound.filter(|pod| pod.hold == Hold::Bound);
            tenants[slot.index()] =
                bound.map(|pod| Tenant::anywhere(Arc::new(pod.request.clone()))).collect();
        }
        Self {
            cluster: Rehearsal::of(&workload.snapshot),
            homeless: Vec::new(),
            order: order(stage),
            scorer: Scorer::new(Arc::new(profile)).remembering(workload.classes.len().max(16)),
            tenants,
            placed: 0,
        }
    }

    /// Who is on the node in this slot.
    pub(super) fn tenants(&self, slot: Slot) -> &[Tenant] {
        &self.tenants[slot.index()]
    }

    /// The nodes, in the order that breaks ties.
    pub(super) fn order(&self) -> &[Slot] {
        &self.order
    }

    /// Finds the pod a place, and says where; `None` where there is none.
    pub(super) fn place(&mut self, pod: &Arc<PodRequest>) -> Option<Slot> {
        self.placed += 1;
        let named = PodRequest { uid: format!("pod-{}", self.placed).into(), ..(**pod).clone() };
        let chosen = self.scorer.choose(self.cluster.snapshot(), &named, &self.order)?;
        self.admit(chosen.slot, pod.clone(), &chosen.devices);
        Some(chosen.slot)
    }

    fn admit(&mut self, slot: Slot, pod: Arc<PodRequest>, devices: &[usize]) {
        let devices = self.cluster.bind(slot, &pod, devices);
        self.tenants[slot.index()].push(Tenant { pod, devices });
    }

    /// Lets the last that came to this node leave again.
    pub(super) fn evict_last(&mut self, slot: Slot) {
        if let Some(gone) = self.tenants[slot.index()].pop() {
            self.cluster.release(slot, &gone.pod, &gone.devices);
        }
    }

    /// Loses the node in this slot, and returns what was there, for [`Settled::restore`]; `None` where nothing was.
    pub(super) fn lose(&mut self, slot: Slot) -> Option<Lost> {
        let node = self.cluster.lose(slot)?;
        let place = self.order.iter().position(|other| *other == slot)?;
        self.order.remove(place);
        Some(Lost { slot, place, node, tenants: std::mem::take(&mut self.tenants[slot.index()]) })
    }

    /// Puts back what was lost: the last lost first.
    pub(super) fn restore(&mut self, lost: Lost) {
        self.cluster.restore(lost.slot, &lost.node);
        self.order.insert(lost.place, lost.slot);
        self.tenants[lost.slot.index()] = lost.tenants;
    }

    /// Why the pod fits none of the nodes, with how many refuse it for that reason.
    pub(super) fn refusals(&self, pod: &PodRequest) -> BTreeMap<Reason, u64> {
        let snapshot = self.cluster.snapshot();
        let candidates: Vec<_> = candidates(snapshot, &self.order).collect();
        let mut refusals = BTreeMap::new();
        for verdict in filter(snapshot, pod, self.scorer.profile(), &candidates) {
            if let Verdict::Rejected(reason) = verdict {
                *refusals.entry(reason).or_default() += 1;
            }
        }
        refusals
    }
}

/// A node that is lost, with all that was on it.
#[derive(Debug)]
pub(super) struct Lost {
    slot: Slot,
    /// Where it stood in the order.
    place: usize,
    node: Arc<Node>,
    pub(super) tenants: Vec<Tenant>,
}

impl Tenant {
    fn anywhere(pod: Arc<PodRequest>) -> Self {
        Self { pod, devices: Devices::new() }
    }
}
