//! Numbers as figures and pages write them.

/// With so many decimals and the thousands apart: `1,213.5`.
pub(in crate::output) fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let is_negative = value < 0.0 && text.chars().any(|digit| ('1'..='9').contains(&digit));
    let mut grouped = String::from(if is_negative { "-" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// A count.
pub(in crate::output) fn count(value: u64) -> String {
    decimal(value as f64, 0)
}

/// A mean and, of several values, their standard deviation.
pub(in crate::output) fn spread(mean: f64, sd: f64, values: usize, decimals: usize) -> String {
    let mean = decimal(mean, decimals);
    if values > 1 { format!("{mean} ±{}", decimal(sd, decimals)) } else { mean }
}

/// Units of time and their seconds, largest first.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];

/// A time in the one or two largest units that it fills: `0.4 s`, `25 min 22 s`, `3 h`.
pub(in crate::output) fn time(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    if tenths < 600 {
        return if tenths.is_multiple_of(10) {
            format!("{} s", tenths / 10)
        } else {
            format!("{}.{} s", tenths / 10, tenths % 10)
        };
    }
    let whole = seconds.round() as u64;
    let first = UNITS.iter().position(|(_, length)| whole >= *length).unwrap_or(UNITS.len() - 1);
    let (unit, length) = UNITS[first];
    let Some((small, small_length)) = UNITS.get(first + 1) else { return format!("{whole} {unit}") };
    let rounded = (whole + small_length / 2) / small_length * small_length;
    if rounded != whole {
        // Rounded it may fill a larger unit.
        return time(rounded as f64);
    }
    let (large, rest) = (whole / length, whole % length / small_length);
    if rest == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {rest} {small}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let cases = [(0.0, 0, "0"), (999.0, 0, "999"), (1213.46, 1, "1,213.5"), (-1e6, 0, "-1,000,000")];
        cases.into_iter().for_each(|(value, decimals, text)| assert_eq!(decimal(value, decimals), text));
        assert_eq!(decimal(-0.001, 2), "0.00");
        assert_eq!(
            (spread(95.984, 0.04, 10, 2), spread(95.984, 0.0, 1, 2)),
            ("95.98 ±0.04".into(), "95.98".into())
        );
    }

    #[test]
    fn times_have_two_units_at_most() {
        let cases = [
            (0.0, "0 s"),
            (0.44, "0.4 s"),
            (59.96, "1 min"),
            (1521.8, "25 min 22 s"),
            (3599.6, "1 h"),
            (8040.0, "2 h 14 min"),
            (7199.0, "2 h"),
            (86_399.0, "1 d"),
            (2.0 * 86_400.0, "2 d"),
            (90_000.0, "1 d 1 h"),
        ];
        cases.into_iter().for_each(|(seconds, text)| assert_eq!(time(seconds), text, "{seconds}"));
    }
}
