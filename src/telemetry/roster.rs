//! What was last seen of each device, so that one that vanishes from the answers ages instead of disappearing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::{Gpu, Samples, Timestamp};

/// The devices of the answers so far, each with the time of the last answer that held it.
#[derive(Debug, Default)]
pub struct Roster {
    seen: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    node: Arc<str>,
    gpu: Gpu,
    at: Timestamp,
}

impl Roster {
    /// Takes an answer in and returns what holds after it.
    ///
    /// A half answer replaces what it speaks of. A GPU that it does not mention at all stays as it was, its samples
    /// ageing, until it has been missing for `expires_after`; a GPU that it mentions without a utilization keeps the
    /// last one for as long. A GPU is replaced with all its MIG instances, so that a new partitioning leaves none of
    /// the old one behind.
    pub fn merge(&mut self, answer: Samples, now: Timestamp, expires_after: Duration) -> Samples {
        let mentioned: HashSet<Arc<str>> =
            answer.values().flat_map(|gpus| gpus.iter()).map(|gpu| gpu.uuid.clone()).collect();
        let (mut known, mut missing) = (HashMap::new(), Vec::new());
        for seen in std::mem::take(&mut self.seen) {
            if mentioned.contains(&seen.gpu.uuid) {
                let id = seen.gpu.mig.as_ref().map(|mig| mig.id);
                known.insert((seen.gpu.uuid, id), seen.gpu.utilization);
            } else if now.since(seen.at) < expires_after {
                missing.push(seen);
            }
        }
        self.seen = missing;
        for (node, gpus) in &answer {
            for gpu in gpus.iter() {
                let mut gpu = gpu.clone();
                let id = gpu.mig.as_ref().map(|mig| mig.id);
                let last = known.get(&(gpu.uuid.clone(), id)).copied().flatten();
                let last = last.filter(|last| now.since(last.sampled_at) < expires_after);
                gpu.utilization = gpu.utilization.or(last);
                self.seen.push(Seen { node: node.clone(), gpu, at: now });
            }
        }
        self.samples()
    }

    fn samples(&self) -> Samples {
        let mut by_node: HashMap<Arc<str>, Vec<Gpu>> = HashMap::new();
        for seen in &self.seen {
            by_node.entry(seen.node.clone()).or_default().push(seen.gpu.clone());
        }
        by_node.into_iter().map(|(node, gpus)| (node, in_order(gpus))).collect()
    }
}

/// Devices as people count them: by index, then by instance.
pub(super) fn in_order(mut gpus: Vec<Gpu>) -> Arc<[Gpu]> {
    gpus.sort_by(|a, b| {
        let key = |gpu: &Gpu| (gpu.index.unwrap_or(u32::MAX), gpu.mig.as_ref().map(|mig| mig.id));
        key(a).cmp(&key(b)).then_with(|| a.uuid.cmp(&b.uuid))
    });
    gpus.into()
}
