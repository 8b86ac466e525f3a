//! Devices by node, as the board takes them.

use std::sync::Arc;

use crate::cluster::{Gpu, Samples};

/// Gathers devices that come in any order. Those of one node mostly come one after the other.
#[derive(Debug, Default)]
pub(super) struct ByNode {
    samples: Samples,
    node: Option<Arc<str>>,
    /// Devices of `node` that `samples` does not hold yet.
    gpus: Vec<Gpu>,
}

impl ByNode {
    /// Goes on from what is known.
    pub(super) fn of(samples: Samples) -> Self {
        Self { samples, ..Self::default() }
    }

    pub(super) fn add(&mut self, node: &Arc<str>, gpu: Gpu) {
        if self.node.as_ref() != Some(node) {
            self.settle();
            self.node = Some(node.clone());
        }
        self.gpus.push(gpu);
    }

    /// Each node's devices as people count them: by index, then by instance.
    pub(super) fn finish(mut self) -> Samples {
        self.settle();
        self.samples
    }

    fn settle(&mut self) {
        let Some(node) = self.node.take() else { return };
        self.gpus.extend(self.samples.get(&node).iter().flat_map(|known| known.iter().cloned()));
        self.gpus.sort_by(|a, b| {
            let key = |gpu: &Gpu| (gpu.index.unwrap_or(u32::MAX), gpu.mig.as_ref().map(|mig| mig.id));
            key(a).cmp(&key(b)).then_with(|| a.uuid.cmp(&b.uuid))
        });
        self.samples.insert(node, self.gpus.drain(..).collect());
    }
}
