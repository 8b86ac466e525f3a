//! What is known to fit nowhere, so that nobody is asked again before that can have changed.

use crate::cluster::{Slot, Snapshot};
use crate::placement::{Profile, Verdict, filter};
use crate::policy::candidates;
use crate::workload::{ClassId, Workload};

/// The classes of pods that the cluster has no room for. While pods only come it stays so, and what leaves a node can
/// change it on that node alone.
#[derive(Debug)]
pub(super) struct Unfit<'a> {
    workload: &'a Workload,
    profile: Profile,
    classes: Vec<ClassId>,
    /// By class.
    is_unfit: Vec<bool>,
}

impl<'a> Unfit<'a> {
    /// Nothing is known.
    pub(super) fn new(workload: &'a Workload) -> Self {
        let is_unfit = vec![false; workload.classes.len()];
        Self { workload, profile: Profile::standard("unfit"), classes: Vec::new(), is_unfit }
    }

    pub(super) fn has(&self, class: ClassId) -> bool {
        self.is_unfit[class.index()]
    }

    /// A pod of this class found no place.
    pub(super) fn add(&mut self, class: ClassId) {
        if !std::mem::replace(&mut self.is_unfit[class.index()], true) {
            self.classes.push(class);
        }
    }

    /// A pod left the node in this slot.
    pub(super) fn released(&mut self, snapshot: &Snapshot, slot: Slot) {
        let Self { workload, profile, classes, is_unfit } = self;
        classes.retain(|id| {
            let node = [slot];
            let candidates: Vec<_> = candidates(snapshot, &node).collect();
            let fits =
                filter(snapshot, &workload.class(*id).request, profile, &candidates)[..] == [Verdict::Fits];
            is_unfit[id.index()] = !fits;
            !fits
        });
    }
}
