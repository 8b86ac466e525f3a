//! What a placement is worth.

use super::appraisal::rounded;

/// What a placement is worth, in tenths of a GPU: smaller differences are left to the order of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::placement) struct Worth(i32);

impl Worth {
    /// Of what is not for sale and what the prices make of the rest, in thousandths of a GPU: the more, the more.
    pub(in crate::placement) fn of(milli: i32) -> Self {
        Self(rounded(milli))
    }

    /// The least of which it is the worth.
    pub(in crate::placement) fn least_milli(self) -> i32 {
        self.0.saturating_mul(100).saturating_sub(50)
    }

    /// The worth as a score, 0 to 1: a half where nothing is lost but the GPUs taken, three quarters where two GPUs more
    /// are kept, a quarter where two more are lost.
    ///
    /// What any placement costs, the CPU's part for the GPUs taken, is left out: it would push pods of several GPUs to
    /// the end of the scale, where differences are small. Around the middle a tenth of a GPU is more than the standard
    /// deadband.
    pub(in crate::placement) fn ratio(self, taken_milli: u32) -> f64 {
        const QUARTER_GPUS: f64 = 2.0;
        let milli = f64::from(self.0) * 100.0 + 2.0 * f64::from(taken_milli);
        let gpus = milli / 1000.0;
        0.5 + 0.5 * gpus / (QUARTER_GPUS + gpus.abs())
    }
}

/// The better of the ways; of equals the first, which is the tighter.
pub(in crate::placement) fn better<T: Copy>(ways: &[Option<T>; 2], worth: impl Fn(&T) -> Worth) -> Option<T> {
    let [first, second] = ways;
    let better = second.filter(|second| first.is_none_or(|first| worth(second) > worth(&first)));
    better.or(*first)
}
