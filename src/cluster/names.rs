//! Which slot a node's name has.

use std::ops::Range;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::snapshot::Slot;

/// Slots by name.
///
/// Thousands of names are looked up for each request, and what a lookup waits for is memory. So the names stand one
/// behind the other in one text and the table holds slots alone: at 5,000 nodes that is a quarter of a megabyte.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    slots: HashTable<Slot>,
    /// By slot, where in `text` the name is.
    spans: Vec<Range<u32>>,
    /// Bytes and not a string: a comparison need not ask whether it starts at a character.
    text: Vec<u8>,
    /// Bytes of `text` that belong to removed names.
    waste: usize,
}

impl Names {
    pub(super) fn slot(&self, name: &str) -> Option<Slot> {
        self.slots.find(hash(name.as_bytes()), |slot| is_same(self.name(*slot), name.as_bytes())).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Gives a new name its slot, which no other name has.
    pub(super) fn insert(&mut self, name: &str, slot: Slot) {
        let start = self.text.len();
        self.text.extend_from_slice(name.as_bytes());
        let index = slot.0 as usize;
        self.spans.resize(self.spans.len().max(index + 1), 0..0);
        self.spans[index] = start as u32..self.text.len() as u32;
        let (spans, text) = (&self.spans, &self.text);
        self.slots.insert_unique(hash(name.as_bytes()), slot, |slot| hash(&text[span(spans, *slot)]));
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Slot> {
        let is_it = |slot: &Slot| self.text[span(&self.spans, *slot)] == *name.as_bytes();
        let found = self.slots.find_entry(hash(name.as_bytes()), is_it);
        let (slot, _) = found.ok()?.remove();
        self.spans[slot.0 as usize] = 0..0;
        self.waste += name.len();
        if self.waste > self.text.len() / 2 {
            self.compact();
        }
        Some(slot)
    }

    /// Leaves the removed names' text behind.
    fn compact(&mut self) {
        let mut text = Vec::with_capacity(self.text.len() - self.waste);
        for span in &mut self.spans {
            let start = text.len() as u32;
            text.extend_from_slice(&self.text[span.start as usize..span.end as usize]);
            *span = start..text.len() as u32;
        }
        (self.text, self.waste) = (text, 0);
    }

    fn name(&self, slot: Slot) -> &[u8] {
        &self.text[span(&self.spans, slot)]
    }
}

fn span(spans: &[Range<u32>], slot: Slot) -> Range<usize> {
    let Range { start, end } = spans[slot.0 as usize];
    start as usize..end as usize
}

fn hash(name: &[u8]) -> u64 {
    xxh3_64(name)
}

/// Eight bytes at a time, the last eight overlapping those before them: names are too short for a call to `memcmp`.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else { return a == b };
    let differ = |a: &[u8; 8], b: &[u8; 8]| u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
    let pairs = a.as_chunks().0.iter().zip(b.as_chunks().0);
    a.len() == b.len() && pairs.fold(differ(last_a, last_b), |found, (a, b)| found | differ(a, b)) == 0
}
