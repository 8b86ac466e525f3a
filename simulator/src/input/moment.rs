//! Moments as tables and the API server write them.

/// `2017-10-09 07:01:55`, or the same as `2017-10-09T07:01:55Z` (RFC 3339), in milliseconds since 1970; `None` where it
/// is no such time.
#[must_use]
pub fn moment_ms(text: &str) -> Option<u64> {
    let (date, time) = match text.strip_suffix('Z') {
        Some(text) => text.split_once('T')?,
        None => text.split_once(' ')?,
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month.checked_sub(1)?).ok()?;
    let fine = (1970..=9999).contains(&year)
        && (1..=*lengths.get(month)?).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    // The leap years before this one, of all there were since the year 0.
    let leaps = |before: u64| (before - 1) / 4 - (before - 1) / 100 + (before - 1) / 400;
    let days =
        || (year - 1970) * 365 + leaps(year) - leaps(1970) + lengths[..month].iter().sum::<u64>() + day - 1;
    fine.then(|| (((days() * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// Three numbers with a mark between them.
fn numbers(text: &str, mark: char) -> Option<[u64; 3]> {
    let mut parts = text.split(mark).map(|part| {
        let plain = !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u64>().ok()).flatten()
    });
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_milliseconds_since_1970() {
        assert_eq!(moment_ms("1970-01-01 00:00:00"), Some(0));
        assert_eq!(moment_ms("2017-10-09 07:01:55"), Some(1_507_532_515_000));
        assert_eq!(moment_ms("2000-02-29 12:00:00"), Some(951_825_600_000));
        assert_eq!(moment_ms("2024-03-01 00:00:01"), Some(1_709_251_201_000));
        for wrong in [
            "",
            "2017-10-09",
            "2017-02-29 00:00:00",
            "2017-13-01 00:00:00",
            "2017-00-01 00:00:00",
            "2017-10-09 24:00:00",
            "2017-10-09 07:01",
            "1969-12-31 23:59:59",
            "2017-10-09T07:01:55",
            "-1-1-1 1:1:1",
        ] {
            assert_eq!(moment_ms(wrong), None, "{wrong:?}");
        }
    }
}
