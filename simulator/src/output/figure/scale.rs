//! Axes: from values to places, and the values that are written beside them.

use super::number::{decimal, time};

/// What one direction of a figure stands for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::output) struct Axis {
    /// What is measured, with its unit.
    pub(in crate::output) title: String,
    kind: Kind,
    from: f64,
    to: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linear,
    /// Seconds; even up to ten and logarithmic above, so that waits of a minute and of a day can be told apart, and with
    /// a place for none.
    Time,
}

/// A value that is written beside an axis.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::output) struct Tick {
    pub(in crate::output) value: f64,
    pub(in crate::output) text: String,
}

/// Lengths of time that people know, in seconds.
const TIMES_S: [f64; 8] = [0.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 345_600.0, 3_456_000.0];

impl Axis {
    /// From one value to another.
    pub(in crate::output) fn linear(title: impl Into<String>, from: f64, to: f64) -> Self {
        Self { title: title.into(), kind: Kind::Linear, from, to: if to > from { to } else { from + 1.0 } }
    }

    /// From the tick below the values to the tick above them.
    pub(in crate::output) fn around(title: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (from, to) = extremes(values);
        let (step, _) = step(to - from, 6);
        Self::linear(title, (from / step).floor() * step, (to / step).ceil() * step)
    }

    /// From zero to the tick above the values. What reaches below zero, as a band may, ends there.
    pub(in crate::output) fn above_zero(
        title: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        Self::around(title, values.into_iter().map(|value| value.max(0.0)).chain([0.0]))
    }

    /// Seconds, from none to the longest; at least to ten.
    pub(in crate::output) fn time(title: impl Into<String>, most_s: f64) -> Self {
        Self { title: title.into(), kind: Kind::Time, from: 0.0, to: (most_s * 1.1).max(10.0) }
    }

    /// The ends.
    pub(in crate::output) fn ends(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// Whether the value lies on it.
    pub(in crate::output) fn has(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }

    /// Where the value lies between two places.
    pub(in crate::output) fn place(&self, value: f64, first: f64, last: f64) -> f64 {
        let bent = |value: f64| match self.kind {
            Kind::Linear => value,
            Kind::Time => (value / TIMES_S[1]).ln_1p(),
        };
        first + (bent(value) - bent(self.from)) / (bent(self.to) - bent(self.from)) * (last - first)
    }

    /// At most about so many values, at even steps of 1, 2 or 5 and zeros; of time, lengths that people know.
    pub(in crate::output) fn ticks(&self, most: usize) -> Vec<Tick> {
        if self.kind == Kind::Time {
            let known = TIMES_S.into_iter().filter(|seconds| *seconds <= self.to);
            return known.map(|value| Tick { value, text: time(value) }).collect();
        }
        let (step, decimals) = step(self.to - self.from, most);
        let first = (self.from / step - 1e-9).ceil() as i64;
        let last = (self.to / step + 1e-9).floor() as i64;
        let tick = |number: i64| {
            let value = number as f64 * step;
            Tick { value, text: decimal(value, decimals) }
        };
        (first..=last).map(tick).collect()
    }
}

/// The smallest and the largest; zero and one of none.
fn extremes(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let ends = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
    let (least, most) = values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), ends);
    if least > most { (0.0, 1.0) } else { (least, most) }
}

/// The smallest of 1, 2 and 5 with zeros that parts the length into at most so many, and the decimals that it takes to
/// write it.
fn step(length: f64, most: usize) -> (f64, usize) {
    let mut tens = 0.001;
    for exponent in -3_i32..=15 {
        for digit in [1.0, 2.0, 5.0] {
            if length / (tens * digit) <= most as f64 + 1e-9 {
                // The power is a quotient or a whole number, so that it is the nearest there is.
                return (digit * tens, usize::try_from(-exponent).unwrap_or(0));
            }
        }
        tens = if exponent < -1 { 1.0 / 10_f64.powi(-exponent - 1) } else { 10_f64.powi(exponent + 1) };
    }
    (length, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(axis: &Axis) -> Vec<String> {
        axis.ticks(6).into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(texts(&Axis::linear("", 0.0, 130.0)), ["0", "50", "100"]);
        assert_eq!(texts(&Axis::linear("", 80.0, 130.0)), ["80", "90", "100", "110", "120", "130"]);
        assert_eq!(texts(&Axis::linear("", 0.0, 0.5)), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(texts(&Axis::linear("", 0.0, 5000.0)), ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]);
        assert_eq!(texts(&Axis::time("", 2000.0)), ["0 s", "10 s", "1 min", "10 min"]);
    }

    #[test]
    fn an_axis_around_values_ends_on_ticks() {
        assert_eq!(Axis::around("", [87.1, 96.2]).ends(), (86.0, 98.0));
        assert_eq!(Axis::above_zero("", [3.0, 41.0]).ends(), (0.0, 50.0));
        assert_eq!(Axis::above_zero("", [-2.0, 41.0]).ends(), (0.0, 50.0));
        assert_eq!(Axis::above_zero("", []).ends(), (0.0, 1.0));
        assert_eq!(Axis::around("", [7.0, 7.0]).ends(), (7.0, 8.0));
    }

    #[test]
    fn the_axis_of_time_has_a_place_for_none() {
        let axis = Axis::time("", 3600.0);
        assert_eq!(axis.place(0.0, 50.0, 250.0), 50.0);
        assert!(axis.place(60.0, 50.0, 250.0) - axis.place(10.0, 50.0, 250.0) > 30.0);
    }

    proptest! {
        #[test]
        fn few_ticks_within_the_ends_in_order(from in -1e6..1e6_f64, length in 0.01..1e9_f64) {
            let axis = Axis::linear("", from, from + length);
            let ticks = axis.ticks(6);
            prop_assert!(ticks.len() <= 7 && ticks.is_sorted_by(|one, next| one.value < next.value));
            let slack = length * 1e-6;
            prop_assert!(ticks.iter().all(|tick| tick.value >= from - slack && tick.value <= from + length + slack));
        }
    }
}
