//! The names seen in a file.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, RandomState};

/// The names seen, as 128 bits each: of ten million names two differ in all of them, but for one chance in 10^24.
#[derive(Debug, Default)]
pub(super) struct Names {
    seen: HashSet<u128>,
    hashers: [RandomState; 2],
}

impl Names {
    /// Whether the name is new.
    pub(super) fn insert(&mut self, name: &(impl Hash + ?Sized)) -> bool {
        let [high, low] = &self.hashers;
        self.seen.insert(u128::from(high.hash_one(name)) << 64 | u128::from(low.hash_one(name)))
    }
}
