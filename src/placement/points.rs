//! The only place where points, 0 to 10, are made.

use super::Score;
use crate::cluster::PerMille;

/// The most points a node can have: `MaxExtenderPriority` of k8s.io/kube-scheduler/extender/v1.
pub const MAX_POINTS: u8 = 10;

/// Stretches the candidates' scores over the eleven steps of the wire.
///
/// kube-scheduler breaks ties at random, so the best stands alone: it has 10 points, and only nodes within the
/// deadband of it share them; the rest spread over 0 to 9. Where all candidates lie within the deadband they are
/// equal, and 10 each. A candidate without a score has 0.
pub(super) fn points(scores: &[Option<Score>], deadband: PerMille) -> Vec<u8> {
    let known = || scores.iter().flatten().map(|score| score.millionths());
    let (Some(best), Some(worst)) = (known().max(), known().min()) else { return vec![0; scores.len()] };
    let near_best = best.saturating_sub(u32::from(deadband.get()) * 1000);
    let step = |score: u32| match score {
        score if score >= near_best => MAX_POINTS,
        // At most ten million: 32 bits, whose division is several times as fast as that of 64.
        score => ((score - worst) * u32::from(MAX_POINTS) / (near_best - worst)) as u8,
    };
    scores.iter().map(|score| score.map_or(0, |score| step(score.millionths()))).collect()
}
