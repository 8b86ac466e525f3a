//! Which slot a node's name has.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::snapshot::Slot;

/// Slots by name.
///
/// Thousands of names are looked up for each request, and what a lookup waits for is memory. So the names stand one
/// behind the other in one text, and the table says where: at 5,000 nodes that is a quarter of a megabyte.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    entries: HashTable<Entry>,
    /// Bytes and not a string: a comparison need not ask whether it starts at a character.
    text: Vec<u8>,
    /// Bytes of `text` that belong to removed names.
    waste: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    slot: Slot,
    start: u32,
    length: u32,
    /// Half of the name's hash: names that differ in it need not be compared.
    mark: u32,
}

/// How many names are looked for at a time.
const BATCH: usize = 32;

impl Entry {
    fn name<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start as usize..][..self.length as usize]
    }
}

impl Names {
    pub(super) fn slot(&self, name: &str) -> Option<Slot> {
        let name = name.as_bytes();
        let found = self.entries.find(hash(name), |entry| is_same(entry.name(&self.text), name));
        found.map(|entry| entry.slot)
    }

    /// Finds many names, and says of each where it is.
    ///
    /// In two passes over a batch: to find the entries that may be theirs, and to compare the names. Within each the
    /// processor need not wait for one name's memory before it asks for the next one's.
    pub(super) fn slots<'n, N: AsRef<str>>(
        &self,
        names: &'n [N],
        mut found: impl FnMut(&'n str, Option<Slot>),
    ) {
        let mut likely = [None; BATCH];
        for batch in names.chunks(BATCH) {
            for (likely, name) in likely.iter_mut().zip(batch) {
                let hash = hash(name.as_ref().as_bytes());
                *likely = self.entries.find(hash, |entry| entry.mark == mark(hash)).copied();
            }
            for (likely, name) in likely.iter().zip(batch) {
                let name = name.as_ref();
                let is_it = |entry: &Entry| is_same(entry.name(&self.text), name.as_bytes());
                found(
                    name,
                    match likely {
                        Some(entry) if !is_it(entry) => self.slot(name),
                        likely => likely.map(|entry| entry.slot),
                    },
                );
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Gives a new name its slot, which no other name has.
    pub(super) fn insert(&mut self, name: &str, slot: Slot) {
        let (start, length) = (self.text.len() as u32, name.len() as u32);
        self.text.extend_from_slice(name.as_bytes());
        let (hashed, text) = (hash(name.as_bytes()), &self.text);
        let entry = Entry { slot, start, length, mark: mark(hashed) };
        self.entries.insert_unique(hashed, entry, |entry| hash(entry.name(text)));
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Slot> {
        let is_it = |entry: &Entry| entry.name(&self.text) == name.as_bytes();
        let (entry, _) = self.entries.find_entry(hash(name.as_bytes()), is_it).ok()?.remove();
        self.waste += name.len();
        if self.waste > self.text.len() / 2 {
            self.compact();
        }
        Some(entry.slot)
    }

    /// Leaves the removed names' text behind.
    fn compact(&mut self) {
        let mut text = Vec::with_capacity(self.text.len() - self.waste);
        for entry in self.entries.iter_mut() {
            let start = text.len() as u32;
            text.extend_from_slice(entry.name(&self.text));
            entry.start = start;
        }
        (self.text, self.waste) = (text, 0);
    }
}

fn hash(name: &[u8]) -> u64 {
    xxh3_64(name)
}

fn mark(hash: u64) -> u32 {
    hash as u32
}

/// Eight bytes at a time, the last eight overlapping those before them: names are too short for a call to `memcmp`.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else { return a == b };
    let differ = |a: &[u8; 8], b: &[u8; 8]| u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
    let pairs = a.as_chunks().0.iter().zip(b.as_chunks().0);
    a.len() == b.len() && pairs.fold(differ(last_a, last_b), |found, (a, b)| found | differ(a, b)) == 0
}
