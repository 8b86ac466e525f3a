//! XID errors, as they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The errors of each GPU since the agent started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Xids {
    listens_to: BTreeSet<Arc<str>>,
    fault: Option<Arc<str>>,
    last: BTreeMap<Arc<str>, u64>,
    counts: BTreeMap<(Arc<str>, u64), u64>,
}

impl Xids {
    /// What a label calls it where errors are not told.
    pub const PROBLEM: &str = "xid_untold";

    /// From now on errors of these GPUs, by UUID, are told, and of no others.
    pub fn listen(&mut self, uuids: impl IntoIterator<Item = Arc<str>>) {
        (self.listens_to, self.fault) = (uuids.into_iter().collect(), None);
    }

    /// From now on no errors are told. `fault` says why, where that is not what keeps the GPUs from being read too.
    pub fn listen_to_nothing(&mut self, fault: Option<&str>) {
        let fault = fault.map(|fault| format!("XID errors are not told: {fault}").into());
        (self.listens_to, self.fault) = (BTreeSet::new(), fault);
    }

    /// Why no errors are told, in a sentence.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// An error was told.
    pub fn add(&mut self, uuid: &Arc<str>, code: u64) {
        self.last.insert(uuid.clone(), code);
        *self.counts.entry((uuid.clone(), code)).or_default() += 1;
    }

    /// The GPU's last error; 0 where there was none and one would have been told.
    #[must_use]
    pub fn last(&self, uuid: &str) -> Option<u64> {
        self.last.get(uuid).copied().or_else(|| self.listens_to.contains(uuid).then_some(0))
    }

    /// The GPU's errors: each number, and how often.
    pub fn counts<'a>(&'a self, uuid: &'a str) -> impl Iterator<Item = (u64, u64)> + 'a {
        let of_gpu = self.counts.iter().filter(move |((gpu, _), _)| **gpu == *uuid);
        of_gpu.map(|((_, code), count)| (*code, *count))
    }
}
