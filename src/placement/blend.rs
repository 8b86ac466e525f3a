//! Strategy and utilization become one score.

use super::points::Span;
use super::utilization::Reading;
use super::{Profile, Score};
use crate::cluster::Confidence;

/// What is known of a candidate before it is compared with the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) strategy: Score,
    pub(super) reading: Reading,
}

/// A candidate's place, with the terms that led to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// The strategy's own score.
    pub strategy: Score,
    /// What the measurements say, and how far they are trusted.
    pub reading: Reading,
    /// Strategy and utilization together.
    pub combined: Score,
    /// What goes over the wire, 0 to [`MAX_POINTS`](super::MAX_POINTS).
    pub points: u8,
    /// Whether gpulse has heard of the node. Nothing can be said for one that it has not: its scores are the lowest.
    pub known: bool,
}

/// Blends and compares. With `w` the profile's weight, `C` the confidence of the best-measured candidate and `W = w*C`:
///
/// `combined = (1-W)*strategy + W*( conf/C*term + (1-conf/C)*prior )`
///
/// where the prior is the candidates' mean term by confidence, and never more than the node's own if it were idle. So
/// where all are measured equally well this is `(1-w*conf)*strategy + w*conf*term`; where nothing is measured the
/// strategy decides alone; and a node without samples among measured ones stands in their middle, neither preferred nor
/// rejected.
pub(super) fn rank(profile: &Profile, judged: impl Iterator<Item = Option<Judged>>) -> Vec<Ranked> {
    // One row for each candidate, filled in as more is known: thousands of them should be walked, not copied.
    let row = |judged: Option<Judged>| Ranked {
        strategy: judged.map_or(Score::default(), |judged| judged.strategy),
        reading: judged.map_or(Reading::default(), |judged| judged.reading),
        combined: Score::default(),
        points: 0,
        known: judged.is_some(),
    };
    let mut crowd = Crowd::default();
    let mut ranked: Vec<Ranked> = judged.map(row).inspect(|row| crowd.add(row.reading)).collect();
    let blend = Blend::over(profile, &crowd);
    let mut span = Span::default();
    for row in ranked.iter_mut().filter(|row| row.known) {
        row.combined = blend.combine(row);
        span.add(row.combined);
    }
    for row in ranked.iter_mut().filter(|row| row.known) {
        row.points = span.points(row.combined, profile.deadband);
    }
    ranked
}

/// What the measurements of all candidates say together.
#[derive(Debug, Default)]
struct Crowd {
    trust: u64,
    terms: u64,
    best: Confidence,
}

impl Crowd {
    /// A candidate that nobody has heard of has no confidence, and so no part in it.
    fn add(&mut self, reading: Reading) {
        let confidence = u64::from(reading.confidence.get());
        self.trust += confidence;
        self.terms += confidence * u64::from(reading.term.millionths());
        self.best = self.best.max(reading.confidence);
    }
}

/// What blending needs to know of all candidates together.
struct Blend {
    weight: u64,
    best_confidence: u64,
    prior: u64,
}

const MILLE: u64 = 1000;

impl Blend {
    fn over(profile: &Profile, crowd: &Crowd) -> Self {
        Self {
            weight: u64::from(profile.utilization.weight.get()),
            best_confidence: u64::from(crowd.best.get()),
            prior: crowd.terms.checked_div(crowd.trust).unwrap_or(0),
        }
    }

    fn combine(&self, Ranked { strategy, reading, .. }: &Ranked) -> Score {
        if self.best_confidence == 0 {
            return *strategy;
        }
        let confidence = u64::from(reading.confidence.get());
        let missing = self.best_confidence - confidence;
        // Both parts in millionths of millionths: thousandths of weight times thousandths of confidence.
        let measured = confidence * u64::from(reading.term.millionths())
            + missing * self.prior.min(u64::from(reading.idle.millionths()));
        let rest = MILLE * MILLE - self.weight * self.best_confidence;
        let sum = rest * u64::from(strategy.millionths()) + self.weight * measured;
        Score::from_millionths(sum / (MILLE * MILLE))
    }
}
