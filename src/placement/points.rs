//! The only place where points, 0 to 10, are made.

use super::Score;
use crate::cluster::PerMille;

/// The most points a node can have: `MaxExtenderPriority` of k8s.io/kube-scheduler/extender/v1.
pub const MAX_POINTS: u8 = 10;

/// The best and the worst score of the candidates that gpulse has heard of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    best: Score,
    worst: Score,
}

impl Default for Span {
    /// Of no candidate yet.
    fn default() -> Self {
        Self { best: Score::default(), worst: Score::ONE }
    }
}

impl Span {
    /// Takes a candidate's score into account.
    pub(super) fn add(&mut self, score: Score) {
        self.best = self.best.max(score);
        self.worst = self.worst.min(score);
    }

    /// Stretches the scores over the eleven steps of the wire: the points of one of them.
    ///
    /// kube-scheduler breaks ties at random, so the best stands alone: it has 10 points, and only nodes within the
    /// deadband of it share them; the rest spread over 0 to 9. Where all candidates lie within the deadband they are
    /// equal, and 10 each.
    pub(super) fn points(self, score: Score, deadband: PerMille) -> u8 {
        let near_best = self.best.millionths().saturating_sub(u32::from(deadband.get()) * 1000);
        let (score, worst) = (score.millionths(), self.worst.millionths());
        if score >= near_best {
            return MAX_POINTS;
        }
        // At most ten million: 32 bits, whose division is several times as fast as that of 64.
        ((score - worst) * u32::from(MAX_POINTS) / (near_best - worst)) as u8
    }
}
