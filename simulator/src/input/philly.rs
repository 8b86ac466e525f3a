//! The Philly trace (Jeon et al., USENIX ATC 2019) as one table: `timestamp`, `duration` and `num_gpus`.

use std::io::Read;

use super::error::InputError;
use super::nodes::MAX_GPUS;
use super::pods::PodRow;
use super::table::{Column, Table};
use super::times::{PodTimes, seconds};
use crate::cluster::{Mib, MilliCpu, MilliGpu};

const TIMESTAMP: usize = 0;
const DURATION: usize = 1;
const GPUS: usize = 2;

const COLUMNS: &[Column] = &[
    Column { name: "timestamp", needed: true },
    Column { name: "duration", needed: true },
    Column { name: "num_gpus", needed: true },
    // The product of two others, and where it ran.
    Column { name: "gpu_time", needed: false },
    Column { name: "cluster", needed: false },
];

/// Whether the first line of a file is the header of such a table.
pub(super) fn is_header(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let has = |name: &str| line.trim_start_matches('\u{feff}').split(',').any(|column| column.trim() == name);
    has("timestamp") || has("num_gpus")
}

/// Reads the jobs. Each is one pod with whole GPUs of any model, named by its place; its CPU and memory are not known,
/// so that it asks for none.
pub(super) fn read(
    file: &str,
    source: impl Read,
    mut take: impl FnMut(PodRow, PodTimes),
) -> Result<Vec<String>, InputError> {
    let mut table = Table::open(file, source, COLUMNS)?;
    let mut jobs = 0_u64;
    while table.advance()? {
        jobs += 1;
        let name = format!("job-{jobs}").into();
        let gpus = table.whole(GPUS, 0..=MAX_GPUS, "GPUs")? as u32;
        let share = if gpus == 0 { MilliGpu(0) } else { MilliGpu::WHOLE };
        let expected = "a time from 1970 on, such as 2017-10-09 07:01:55";
        let came_ms = moment(table.text(TIMESTAMP)).ok_or_else(|| table.wrong(TIMESTAMP, expected))?;
        let times = PodTimes { came_ms, life_ms: seconds(&table, DURATION)? };
        take(PodRow { name, cpu: MilliCpu(0), memory: Mib(0), gpus, share, models: Vec::new() }, times);
    }
    Ok(table.others)
}

/// `2017-10-09 07:01:55` in milliseconds since 1970; `None` where it is no such time.
fn moment(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(' ')?;
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
        assert_eq!(moment("1970-01-01 00:00:00"), Some(0));
        assert_eq!(moment("2017-10-09 07:01:55"), Some(1_507_532_515_000));
        assert_eq!(moment("2000-02-29 12:00:00"), Some(951_825_600_000));
        assert_eq!(moment("2024-03-01 00:00:01"), Some(1_709_251_201_000));
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
            assert_eq!(moment(wrong), None, "{wrong:?}");
        }
    }
}
