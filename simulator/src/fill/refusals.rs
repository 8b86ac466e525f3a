//! Why pods find no place.

use crate::cluster::{Rehearsal, Slot};
use crate::placement::{Profile, Reason, Verdict, filter};
use crate::policy::candidates;
use crate::workload::{Class, ClassId, Workload};

/// How many pods found no place, by what stopped them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures([u64; Reason::ALL.len()]);

impl Failures {
    /// How many pods this stopped.
    #[must_use]
    pub fn of(&self, reason: Reason) -> u64 {
        self.0[reason as usize]
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    fn add(&mut self, reason: Reason) {
        self.0[reason as usize] += 1;
    }
}

/// Finds out what stops a pod that fits nowhere: what the nodes that come closest refuse it for.
///
/// A node refuses for the first of its reasons in the order of [`Reason::ALL`], so that the last reason found on any
/// node is the nearest to a fit. As long as nothing leaves, no node comes closer than it was: a node that still refuses
/// for the reason last found still tells it.
pub(super) struct Refusals<'a> {
    workload: &'a Workload,
    profile: Profile,
    /// By class, the reason last found and a node that tells it.
    witnesses: Vec<Option<(Reason, Slot)>>,
    failures: Failures,
}

impl<'a> Refusals<'a> {
    pub(super) fn new(workload: &'a Workload) -> Self {
        Self {
            workload,
            profile: Profile::standard("refusals"),
            witnesses: vec![None; workload.classes.len()],
            failures: Failures::default(),
        }
    }

    pub(super) fn failures(&self) -> &Failures {
        &self.failures
    }

    /// Whether a pod of this class found no place before.
    pub(super) fn knows(&self, class: ClassId) -> bool {
        self.witnesses[class.index()].is_some()
    }

    /// Notes that a pod of this class found no place.
    pub(super) fn add(&mut self, cluster: &Rehearsal, class: ClassId) {
        let workload = self.workload;
        let known = self.witnesses[class.index()];
        let still = |(reason, slot): &(Reason, Slot)| {
            self.nearest(cluster, workload.class(class), std::slice::from_ref(slot)) == Some((*reason, *slot))
        };
        let found =
            known.filter(still).or_else(|| self.nearest(cluster, workload.class(class), &workload.slots));
        self.witnesses[class.index()] = found;
        // A policy that refuses what would fit: none does, and a test holds them to it.
        let reason = found.map_or(Reason::InsufficientGpus, |(reason, _)| reason);
        self.failures.add(reason);
    }

    /// The refusal nearest to a fit among these nodes.
    fn nearest(&self, cluster: &Rehearsal, class: &Class, slots: &[Slot]) -> Option<(Reason, Slot)> {
        let candidates: Vec<_> = candidates(cluster.snapshot(), slots).collect();
        let verdicts = filter(cluster.snapshot(), &class.request, &self.profile, &candidates);
        let refusal = |(verdict, slot): (Verdict, &Slot)| match verdict {
            Verdict::Rejected(reason) => Some((reason, *slot)),
            Verdict::Fits => None,
        };
        verdicts.into_iter().zip(slots).filter_map(refusal).max()
    }
}
