//! When samples were taken, by our clock.

use super::dialect::Rank;
use super::places::PlaceId;
use crate::cluster::Timestamp;

/// Our clock before a question was sent and after its answer came.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Before.
    pub sent_at: Timestamp,
    /// After.
    pub answered_at: Timestamp,
}

/// The sample times of an answer, by the server's clock.
#[derive(Debug)]
pub(super) struct Times {
    times: Vec<(PlaceId, Rank, Timestamp)>,
    /// The server's clock when it answered; `None` for an answer without a row.
    evaluated_at: Option<Timestamp>,
}

/// The same, brought to our clock and ready to be looked up.
#[derive(Debug)]
pub(super) struct SampleTimes {
    times: Vec<(PlaceId, Rank, Timestamp)>,
    /// The latest that a sample can be.
    evaluated_at: Option<Timestamp>,
    /// By how many whole seconds the server's clock is ahead of ours.
    pub(super) clock_ahead_seconds: i64,
}

impl Times {
    pub(super) fn with_capacity(times: usize) -> Self {
        Self { times: Vec::with_capacity(times), evaluated_at: None }
    }

    /// Takes in when a row says that it was evaluated, in seconds since the epoch.
    pub(super) fn evaluated(&mut self, seconds: f64) {
        self.evaluated_at = self.evaluated_at.or(timestamp(seconds));
    }

    /// Takes in when a sample was taken, in seconds since the epoch.
    pub(super) fn add(&mut self, place: PlaceId, metric: Rank, seconds: f64) {
        self.times.extend(timestamp(seconds).map(|at| (place, metric, at)));
    }

    /// The answer is complete.
    pub(super) fn settle(mut self, asked: Asked) -> SampleTimes {
        self.times.sort_unstable();
        let clock_ahead_seconds = self.evaluated_at.map_or(0, |at| clock_ahead(at, asked));
        SampleTimes { times: self.times, evaluated_at: self.evaluated_at, clock_ahead_seconds }
    }
}

impl SampleTimes {
    /// When the sample was taken, the newest where the answer gives several times.
    pub(super) fn get(&self, place: PlaceId, metric: Rank) -> Option<Timestamp> {
        let after = self.times.partition_point(|(at, of, _)| (*at, *of) <= (place, metric));
        let (at, of, sampled_at) = self.times[..after].last()?;
        // A sample of the future is one of an exporter whose clock is ahead; it must not stay fresh for ever.
        let sampled_at =
            Some(*sampled_at).filter(|_| (*at, *of) == (place, metric)).min(self.evaluated_at)?;
        Some(Timestamp(sampled_at.0.saturating_add_signed(self.clock_ahead_seconds.saturating_mul(-1000))))
    }
}

/// From Prometheus' seconds since the epoch.
fn timestamp(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    (millis >= 0.0 && millis < u64::MAX as f64).then_some(Timestamp(millis as u64))
}

/// By how many whole seconds the server's clock is certainly ahead of ours: it read `at` at some moment between
/// question and answer.
fn clock_ahead(at: Timestamp, asked: Asked) -> i64 {
    let seconds = |later: Timestamp, earlier: Timestamp| later.since(earlier).as_secs() as i64;
    seconds(at, asked.answered_at) - seconds(asked.sent_at, at)
}
