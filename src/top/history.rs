//! How busy each device was in the last minute.

use std::collections::{BTreeMap, VecDeque};

use ratatui::symbols::bar::{NINE_LEVELS, Set};

use super::devices::Key;
use crate::agent::{Reading, utilization_ppm};
use crate::cluster::Timestamp;

/// How far back it goes.
const SPAN_MS: u64 = 60_000;

/// How long a value stands where none came after it: readings are a second apart by default, and a little late at times.
const HOLD_MS: u64 = 3000;

const WHOLE_PPM: u64 = 1_000_000;

/// Utilization in millionths, by the time of its reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct History(BTreeMap<Key, VecDeque<(Timestamp, u64)>>);

impl History {
    /// Adds what is new in a reading and forgets what is too old.
    pub(super) fn add(&mut self, reading: &Reading) {
        for gpu in &reading.gpus {
            let instances = gpu.instances.iter().map(|instance| (Some(instance.mig.id), &instance.figures));
            for (instance, figures) in std::iter::once((None, &gpu.figures)).chain(instances) {
                let Some((ppm, _)) = utilization_ppm(figures) else { continue };
                let known = self.0.entry((gpu.index, instance)).or_default();
                if known.back().is_none_or(|(at, _)| *at < gpu.taken_at) {
                    known.push_back((gpu.taken_at, ppm));
                }
            }
        }
        let oldest = reading.taken_at.0.saturating_sub(SPAN_MS + HOLD_MS);
        self.0.values_mut().for_each(|known| known.retain(|(at, _)| at.0 >= oldest));
        self.0.retain(|_, known| !known.is_empty());
    }

    /// The minute up to `now` in so many characters, each the mean of its time; blank where nothing was read.
    pub(super) fn curve(&self, device: Key, now: Timestamp, cells: u16) -> String {
        let Some(known) = self.0.get(&device) else { return String::new() };
        let cells = u64::from(cells);
        let edge = |number: u64| (now.0 + SPAN_MS * number / cells.max(1)).saturating_sub(SPAN_MS);
        let cell = |number: u64| {
            let (from, to) = (edge(number), edge(number + 1));
            let inside = known.iter().filter(|(at, _)| (from + 1..=to).contains(&at.0));
            let (sum, count) =
                inside.fold((0, 0), |(sum, count): (u64, u64), (_, ppm)| (sum + ppm, count + 1));
            let held = || known.iter().rev().find(|(at, _)| at.0 <= from && from - at.0 <= HOLD_MS);
            let mean = sum.checked_div(count);
            mean.or_else(|| held().map(|(_, ppm)| *ppm)).map_or(" ", level)
        };
        (0..cells).map(cell).collect()
    }
}

/// A block as high as the ratio; the lowest one, and not a blank, for nothing.
fn level(ppm: u64) -> &'static str {
    let Set {
        full,
        seven_eighths,
        three_quarters,
        five_eighths,
        half,
        three_eighths,
        one_quarter,
        one_eighth,
        ..
    } = NINE_LEVELS;
    let levels =
        [one_eighth, one_quarter, three_eighths, half, five_eighths, three_quarters, seven_eighths, full];
    let place = ppm.min(WHOLE_PPM) * (levels.len() as u64 - 1) / WHOLE_PPM;
    levels.get(place as usize).copied().unwrap_or(full)
}
