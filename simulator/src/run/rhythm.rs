//! What arrivals that are drawn follow beside chance: bursts, a daily curve, and a mix that drifts through the day.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::draw::Draw;
use crate::workload::Arrive;

/// What arrivals that are drawn follow beside chance. Over whole days none of it changes the load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rhythm {
    /// How many equal pods come together.
    pub burst: Burst,
    /// How far the rate of arrivals swings: up to so much more at noon, and less at midnight.
    pub daily: Swing,
    /// How far the mix swings: so much more of the small half at noon, and of the large half at midnight. A half is
    /// half of the GPU-time that the table asks for.
    pub drift: Swing,
}

/// How many equal pods come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Burst {
    /// Always so many.
    Fixed(u32),
    /// So many on average: after each pod the burst goes on with the same chance (geometric distribution).
    Geometric(u32),
}

/// How far something swings about its mean, in thousandths of it; not at all by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swing {
    per_mille: u32,
}

/// What is no burst.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a number of pods, or geometric: and their mean number, 2 to 10000: 8 or geometric:8")]
pub struct BurstError;

/// What is no swing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a part of the mean with up to three decimals, 0.01 to 1, such as 0.3")]
pub struct SwingError;

/// One in fixed point: what a rate of the mean weighs.
const ONE: i64 = 1_000_000;

/// Minus the cosine of each hour of the day's first half, in thousandths; the second half is the first with its sign
/// changed. A table, since not every machine computes the same cosine.
const MORNING: [i64; 12] = [-1000, -966, -866, -707, -500, -259, 0, 259, 500, 707, 866, 966];
const HOUR_MS: u64 = 3_600_000;

/// Where the day stands, from -1000 at midnight, when time begins, to 1000 at noon; straight between whole hours.
fn wave(at_ms: u64) -> i64 {
    let of = |hour: u64| {
        let morning = MORNING[(hour % 12) as usize];
        if hour % 24 < 12 { morning } else { -morning }
    };
    let (hour, into_ms) = (at_ms / HOUR_MS, (at_ms % HOUR_MS) as i64);
    of(hour) + (of(hour + 1) - of(hour)) * into_ms / HOUR_MS as i64
}

impl Rhythm {
    /// Whether nothing but chance decides.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Whether the time of day matters.
    #[must_use]
    pub fn is_daily(self) -> bool {
        self.daily != Swing::default() || self.drift != Swing::default()
    }

    /// Whether a pod that may come at this moment does. Offers are as frequent as arrivals ever are (see
    /// [`Rhythm::offers_gap_ns`]), and at other moments some are turned down (thinning: Lewis and Shedler 1979).
    pub(super) fn accepts(self, at_ms: u64, is_large: bool, draw: &mut Draw) -> bool {
        if !self.is_daily() {
            return true;
        }
        let wave = wave(at_ms);
        let weight = |swing: Swing, wave: i64| ONE + i64::from(swing.per_mille) * wave;
        let weight = weight(self.daily, wave) * weight(self.drift, if is_large { -wave } else { wave });
        (draw.below(self.peak() as usize) as i64) < weight
    }

    /// The mean gap between offers, in nanoseconds, where pods come at this mean gap.
    pub(super) fn offers_gap_ns(self, gap_ns: u64) -> u64 {
        let gap = u128::from(gap_ns) * u128::from(self.burst.mean()) * (ONE * ONE) as u128;
        u64::try_from(gap / self.peak() as u128).unwrap_or(u64::MAX)
    }

    /// The largest weight of an offer.
    fn peak(self) -> i64 {
        let peak = |swing: Swing| ONE + i64::from(swing.per_mille) * 1000;
        peak(self.daily) * peak(self.drift)
    }
}

impl Default for Burst {
    /// Everybody alone.
    fn default() -> Self {
        Self::Fixed(1)
    }
}

impl Burst {
    fn mean(self) -> u32 {
        match self {
            Self::Fixed(pods) | Self::Geometric(pods) => pods,
        }
    }

    /// How many pods come together this time.
    pub(super) fn draw(self, draw: &mut Draw) -> u32 {
        match self {
            Self::Fixed(pods) => pods,
            Self::Geometric(mean) => {
                let mut pods = 1;
                while pods < u32::MAX && draw.below(mean as usize) != 0 {
                    pods += 1;
                }
                pods
            }
        }
    }
}

impl FromStr for Burst {
    type Err = BurstError;

    fn from_str(text: &str) -> Result<Self, BurstError> {
        let pods =
            |text: &str| text.parse().ok().filter(|pods| (2..=10_000).contains(pods)).ok_or(BurstError);
        match text.strip_prefix("geometric:") {
            Some(mean) => pods(mean).map(Self::Geometric),
            None => pods(text).map(Self::Fixed),
        }
    }
}

impl fmt::Display for Burst {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(pods) => write!(f, "{pods}"),
            Self::Geometric(mean) => write!(f, "geometric:{mean}"),
        }
    }
}

impl FromStr for Swing {
    type Err = SwingError;

    fn from_str(text: &str) -> Result<Self, SwingError> {
        let times: Arrive = text.parse().map_err(|_| SwingError)?;
        let per_mille = u32::try_from(times.per_mille()).map_err(|_| SwingError)?;
        if per_mille <= 1000 { Ok(Self { per_mille }) } else { Err(SwingError) }
    }
}

impl Swing {
    /// As a part of the mean, 0 to 1.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.per_mille) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Purpose;

    #[test]
    fn the_day_is_lowest_at_midnight_and_highest_at_noon_and_even_on_average() {
        let at = |hour: u64| wave(hour * HOUR_MS);
        assert_eq!((at(0), at(6), at(12), at(18), at(24), at(36)), (-1000, 0, 1000, 0, -1000, 1000));
        assert_eq!(wave(HOUR_MS / 2), -983);
        let sum: i64 = (0..24 * 60).map(|minute| wave(minute * 60_000)).sum();
        assert!(sum.abs() < 24 * 60, "{sum}");
    }

    #[test]
    fn bursts_have_their_mean() {
        let mut draw = Draw::of(42, Purpose::Bursts);
        let sum: u32 = (0..100_000).map(|_| Burst::Geometric(8).draw(&mut draw)).sum();
        assert!((f64::from(sum) / 800_000.0 - 1.0).abs() < 0.01, "{sum}");
        assert_eq!(Burst::Fixed(8).draw(&mut draw), 8);
    }

    #[test]
    fn what_is_typed_is_told() {
        for text in ["2", "10000", "geometric:8"] {
            assert_eq!(text.parse::<Burst>().unwrap().to_string(), text);
        }
        for wrong in ["", "1", "0", "10001", "geometric:", "geometric:1", "normal:8"] {
            assert_eq!(wrong.parse::<Burst>(), Err(BurstError), "{wrong:?}");
        }
        assert_eq!("0.3".parse::<Swing>().unwrap().ratio(), 0.3);
        for wrong in ["", "0", "1.001", "-0.3", "2", "x"] {
            assert_eq!(wrong.parse::<Swing>(), Err(SwingError), "{wrong:?}");
        }
    }
}
