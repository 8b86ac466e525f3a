//! What is known to fit nowhere, so that nobody is asked again before that can have changed.

use crate::fragmentation::Room;
use crate::workload::{ClassId, Workload};

/// The classes of pods that the cluster has no room for. While pods only come it stays so, and what leaves a node can
/// change it on that node alone.
#[derive(Debug)]
pub(super) struct Unfit<'a> {
    workload: &'a Workload,
    classes: Vec<ClassId>,
    /// By class.
    is_unfit: Vec<bool>,
}

impl<'a> Unfit<'a> {
    /// Nothing is known.
    pub(super) fn new(workload: &'a Workload) -> Self {
        Self { workload, classes: Vec::new(), is_unfit: vec![false; workload.classes.len()] }
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

    /// A pod left a node, of which this is now left.
    pub(super) fn released(&mut self, room: &Room) {
        let Self { workload, classes, is_unfit } = self;
        classes.retain(|id| {
            let class = workload.class(*id);
            let fits = room.memory_mib >= class.memory_mib && room.fits(workload.shape(class.shape));
            is_unfit[id.index()] = !fits;
            !fits
        });
    }
}
