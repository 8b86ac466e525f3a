//! Decimal numbers, scaled without a float.

/// How many decimals a scaled number keeps: nanoseconds of seconds.
const DECIMALS: usize = 9;

/// The decimal number times one number and over another, cut after nine decimals; `None` where it is no number of up to
/// eighteen digits.
pub(super) fn scaled(text: &str, times: u64, over: u64) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(decimals) || digits.len() > 19 {
        return None;
    }
    let value: u128 = format!("{whole}{decimals}").parse().ok()?;
    let denominator = 10_u128.pow(decimals.len() as u32) * u128::from(over);
    // At most 19 digits times 20 digits: 39 digits would be too many, so that the product is checked.
    let numerator = value.checked_mul(u128::from(times))?;
    let rest = numerator % denominator;
    let mut text = format!("{sign}{}", numerator / denominator);
    if rest > 0 {
        let mut rest = rest;
        text.push('.');
        for _ in 0..DECIMALS {
            rest = rest.checked_mul(10)?;
            text.push(char::from(b'0' + (rest / denominator) as u8));
            rest %= denominator;
        }
        text.truncate(text.trim_end_matches('0').len());
    }
    Some(text)
}

/// The number without its decimals: up to the next whole one, or down.
pub(super) fn whole(text: &str, up: bool) -> Option<String> {
    let (whole, _) = text.split_once('.')?;
    let number: u64 = whole.parse().ok()?;
    Some(number.checked_add(u64::from(up))?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled_exactly() {
        for (text, times, over, expected) in [
            ("1.5", 1000, 1, "1500"),
            ("0.1", 3, 1, "0.3"),
            ("1500", 1, 1000, "1.5"),
            ("-2", 10, 1, "-20"),
            ("1", 1, 3, "0.333333333"),
            ("0003", 1, 1, "3"),
            ("1048577", 1, 1_048_576, "1.000000953"),
        ] {
            assert_eq!(scaled(text, times, over).as_deref(), Some(expected), "{text} * {times} / {over}");
        }
        for wrong in ["", "x", "1e3", ".5", "1.2.3", "12345678901234567890"] {
            assert_eq!(scaled(wrong, 1, 1), None, "{wrong:?}");
        }
        assert_eq!((whole("1.5", true), whole("1.5", false)), (Some("2".into()), Some("1".into())));
        assert_eq!(whole("2", true), None, "as it is");
    }
}
