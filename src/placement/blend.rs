//! Strategy and utilization become one score.

use super::points::points;
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
}

/// Blends and compares. With `w` the profile's weight, `C` the confidence of the best-measured candidate and `W = w*C`:
///
/// `combined = (1-W)*strategy + W*( conf/C*term + (1-conf/C)*prior )`
///
/// where the prior is the candidates' mean term by confidence, and never more than the node's own if it were idle. So where all are
/// measured equally well this is `(1-w*conf)*strategy + w*conf*term`; where nothing is measured the strategy decides
/// alone; and a node without samples among measured ones stands in their middle, neither preferred nor rejected.
pub(super) fn rank(profile: &Profile, candidates: &[Option<Judged>]) -> Vec<Ranked> {
    let blend = Blend::over(profile, candidates.iter().flatten());
    let combined: Vec<Option<Score>> =
        candidates.iter().map(|judged| judged.map(|judged| blend.combine(&judged))).collect();
    let points = points(&combined, profile.deadband);
    let rows = candidates.iter().zip(combined).zip(points);
    rows.map(|((judged, combined), points)| Ranked {
        strategy: judged.map_or(Score::default(), |judged| judged.strategy),
        reading: judged.map_or(Reading::default(), |judged| judged.reading),
        combined: combined.unwrap_or_default(),
        points,
    })
    .collect()
}

/// What blending needs to know of all candidates together.
struct Blend {
    weight: u64,
    best_confidence: u64,
    prior: u64,
}

const MILLE: u64 = 1000;

impl Blend {
    fn over<'a>(profile: &Profile, candidates: impl Iterator<Item = &'a Judged>) -> Self {
        let (mut trust, mut terms, mut best) = (0_u64, 0_u64, Confidence::default());
        for Judged { reading, .. } in candidates {
            let confidence = u64::from(reading.confidence.get());
            trust += confidence;
            terms += confidence * u64::from(reading.term.millionths());
            best = best.max(reading.confidence);
        }
        Self {
            weight: u64::from(profile.utilization.weight.get()),
            best_confidence: u64::from(best.get()),
            prior: terms.checked_div(trust).unwrap_or(0),
        }
    }

    fn combine(&self, Judged { strategy, reading }: &Judged) -> Score {
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
