//! What an answer says of one device, and which of it counts.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::dialect::Rank;
use super::places::Face;
use crate::cluster::{PerMille, PodKey, Source, Timestamp, Utilization};

/// A series that says where a device is, and may measure it.
#[derive(Debug)]
pub(super) struct Sighting<'a> {
    pub(super) node: &'a Arc<str>,
    pub(super) face: &'a Face,
    pub(super) holder: Option<&'a PodKey>,
    pub(super) sampled_at: Option<Timestamp>,
    pub(super) reading: Option<Reading>,
}

/// A utilization that may count. `rank` is the metric's place in the vocabulary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) rank: Rank,
    pub(super) value: PerMille,
    pub(super) source: Source,
    pub(super) sampled_at: Timestamp,
}

impl Reading {
    pub(super) fn utilization(self) -> Utilization {
        Utilization { value: self.value, source: self.source, sampled_at: self.sampled_at }
    }
}

/// Takes away the leftovers, which are older than the newest sighting by more than `fresh_for`, and puts first what
/// counts first.
pub(super) fn live<'a>(mut sightings: Vec<Sighting<'a>>, fresh_for: Duration) -> Vec<Sighting<'a>> {
    let newest = sightings.iter().filter_map(|sighting| sighting.sampled_at).max();
    let leftover = |sighting: &Sighting<'_>| {
        newest.zip(sighting.sampled_at).is_some_and(|(newest, at)| newest.since(at) > fresh_for)
    };
    sightings.retain(|sighting| !leftover(sighting));
    sightings.sort_by(|a, b| a.preference().cmp(&b.preference()));
    sightings
}

impl Sighting<'_> {
    /// Sorts what counts first: the best metric, the newest, the one without a pod, the highest. The rest only makes
    /// the order independent of the answer's.
    fn preference(&self) -> impl Ord {
        (
            self.reading.map_or(Rank::MAX, |reading| reading.rank),
            Reverse(self.sampled_at),
            self.holder.is_some(),
            Reverse(self.reading.map(|reading| reading.value)),
            self.node,
            self.face,
        )
    }
}

/// The pod that the newest of the live sightings name, where they name exactly one.
pub(super) fn holder(live: &[Sighting<'_>]) -> Option<PodKey> {
    let newest = live.iter().map(|sighting| sighting.sampled_at).max()?;
    let latest = live.iter().filter(|sighting| sighting.sampled_at == newest);
    let holders: BTreeSet<&PodKey> = latest.filter_map(|sighting| sighting.holder).collect();
    holders.first().copied().filter(|_| holders.len() == 1).cloned()
}
