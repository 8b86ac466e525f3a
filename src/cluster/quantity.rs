//! Kubernetes' number with a suffix: `500m`, `1.5Gi`, `2e3`.

use std::str::FromStr;

/// A parsed quantity: an exact count of billionths of its unit.
///
/// Follows `k8s.io/apimachinery/pkg/api/resource/quantity.go`: a sign, digits with an optional point, and a binary
/// (`Ki`..`Ei`), decimal (`n`..`E`) or exponent (`e3`) suffix. Finer than a billionth is rounded away from zero;
/// magnitudes above 2^63-1 are capped to it. Beyond nineteen significant digits the rest only decides the rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nanos: i128,
}

/// Why a text is not a [`Quantity`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a Kubernetes quantity such as 4, 500m or 1.5Gi, found {found:?}")]
pub struct QuantityError {
    /// The text as given.
    pub found: String,
}

const NANOS_PER_UNIT: i128 = 1_000_000_000;
const CAP_NANOS: u128 = (i64::MAX as u128) * (NANOS_PER_UNIT as u128);
/// With nineteen digits, digits times 2^60 still fit in 128 bits.
const SIGNIFICANT_DIGITS: usize = 19;

impl Quantity {
    /// A whole number of units.
    #[must_use]
    pub fn from_units(units: i64) -> Self {
        Self { nanos: i128::from(units) * NANOS_PER_UNIT }
    }

    /// Whole units, rounded away from zero, as Kubernetes' `Value()` does.
    #[must_use]
    pub fn units(self) -> i64 {
        self.in_parts_of(NANOS_PER_UNIT)
    }

    /// Thousandths, rounded away from zero, as Kubernetes' `MilliValue()` does; capped to 64 bits.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.in_parts_of(NANOS_PER_UNIT / 1000)
    }

    /// The whole number of units this is, or `None` where it has a fraction.
    #[must_use]
    pub fn whole_units(self) -> Option<i64> {
        (self.nanos % NANOS_PER_UNIT == 0).then(|| self.units())
    }

    /// Whether the quantity is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The sum; `i128` cannot overflow from capped parts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos) }
    }

    fn in_parts_of(self, nanos: i128) -> i64 {
        let magnitude = self.nanos.unsigned_abs().div_ceil(nanos.unsigned_abs());
        let capped = i64::try_from(magnitude).unwrap_or(i64::MAX);
        if self.nanos < 0 { -capped } else { capped }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text).ok_or_else(|| QuantityError { found: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Quantity> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let digits = Digits::parse(number)?;
    let scale = Scale::parse(suffix)?;
    let nanos = digits.times(scale).min(CAP_NANOS) as i128;
    Some(Quantity { nanos: if negative { -nanos } else { nanos } })
}

/// `mantissa * 10^exponent`, and whether anything non-zero was cut off below it.
struct Digits {
    mantissa: u128,
    exponent: i64,
    cut: bool,
}

impl Digits {
    fn parse(number: &str) -> Option<Self> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let mut digits = Self { mantissa: 0, exponent: 0, cut: false };
        let mut significant = 0;
        for (place, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            let in_fraction = place >= whole.len();
            if significant == SIGNIFICANT_DIGITS {
                digits.cut |= digit != b'0';
                digits.exponent += i64::from(!in_fraction);
                continue;
            }
            digits.mantissa = digits.mantissa * 10 + u128::from(digit - b'0');
            significant += usize::from(digits.mantissa > 0);
            digits.exponent -= i64::from(in_fraction);
        }
        Some(digits)
    }

    /// The value in billionths, rounded up; anything that does not fit is as large as the type allows.
    fn times(self, scale: Scale) -> u128 {
        if self.mantissa == 0 {
            return 0;
        }
        let binary = self.mantissa << scale.binary_exponent;
        let exponent = self.exponent.saturating_add(scale.decimal_exponent).saturating_add(9);
        let power = u32::try_from(exponent.unsigned_abs()).ok().and_then(|e| 10_u128.checked_pow(e));
        match (exponent < 0, power) {
            (false, Some(power)) => binary
                .checked_mul(power)
                .map_or(u128::MAX, |nanos| nanos.saturating_add(u128::from(self.cut))),
            (false, None) => u128::MAX,
            (true, Some(power)) => binary / power + u128::from(self.cut || !binary.is_multiple_of(power)),
            (true, None) => 1,
        }
    }
}

/// What a suffix multiplies by: `2^binary_exponent * 10^decimal_exponent`.
struct Scale {
    binary_exponent: u32,
    decimal_exponent: i64,
}

impl Scale {
    fn parse(suffix: &str) -> Option<Self> {
        const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        const DECIMAL: [(&str, i64); 10] = [
            ("n", -9),
            ("u", -6),
            ("m", -3),
            ("", 0),
            ("k", 3),
            ("M", 6),
            ("G", 9),
            ("T", 12),
            ("P", 15),
            ("E", 18),
        ];
        if let Some(step) = BINARY.iter().position(|known| *known == suffix) {
            return Some(Self { binary_exponent: 10 * (step as u32 + 1), decimal_exponent: 0 });
        }
        if let Some((_, exponent)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
            return Some(Self { binary_exponent: 0, decimal_exponent: *exponent });
        }
        let exponent = suffix.strip_prefix(['e', 'E'])?;
        Some(Self { binary_exponent: 0, decimal_exponent: exponent.parse().ok()? })
    }
}
