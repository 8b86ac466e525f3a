//! Pods with the times at which they came and went.

use std::io::{BufRead, Read};

use super::error::InputError;
use super::philly;
use super::pods::{self, CREATED, DELETED, DURATION, PodRow, SCHEDULED};
use super::table::Table;

/// When a pod came and how long it ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodTimes {
    /// When it came, in milliseconds since any moment that all pods of the file share.
    pub came_ms: u64,
    /// How long it ran, in milliseconds.
    pub life_ms: u64,
}

/// Reads pods of the openb trace or of the Philly trace, whichever the header is of, and hands each row on with its
/// times; `file` is what errors call it. Returns the columns that nothing was read from.
///
/// A pod of openb comes at `creation_time` and runs from `scheduled_time`, or where it was never scheduled from
/// `creation_time`, to `deletion_time`; where the file lacks that for as long as `duration` says. Where it lacks
/// `creation_time`, or both of these, no row has times.
///
/// # Errors
/// At the first thing that is wrong with it, and where a file that can be no Philly trace lacks a column of openb's.
pub fn read_timed_pods(
    file: &str,
    mut source: impl BufRead,
    mut take: impl FnMut(PodRow, Option<PodTimes>),
) -> Result<Vec<String>, InputError> {
    let start = source.fill_buf();
    let start = start.map_err(|cause| InputError::Unreadable { file: file.into(), cause })?;
    if philly::is_header(start.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default()) {
        return philly::read_philly(file, source, |row, times| take(row, Some(times)));
    }
    let mut table = Table::open(file, source, pods::COLUMNS)?;
    let timed = table.has(CREATED) && (table.has(DELETED) || table.has(DURATION));
    while table.advance()? {
        let row = pods::row(&mut table)?;
        take(row, if timed { Some(times(&table)?) } else { None });
    }
    Ok(table.others)
}

fn times<R: Read>(table: &Table<R>) -> Result<PodTimes, InputError> {
    let created = seconds(table, CREATED)?;
    if !table.has(DELETED) {
        return Ok(PodTimes { came_ms: created, life_ms: seconds(table, DURATION)? });
    }
    let started = if table.text(SCHEDULED).is_empty() { created } else { seconds(table, SCHEDULED)? };
    if started < created {
        let expected = format!("a time not before creation_time, which is {}", table.text(CREATED));
        return Err(table.wrong(SCHEDULED, expected));
    }
    let life_ms = seconds(table, DELETED)?.checked_sub(started).ok_or_else(|| {
        let (column, text) = match table.text(SCHEDULED) {
            "" => ("creation_time", table.text(CREATED)),
            text => ("scheduled_time", text),
        };
        table.wrong(DELETED, format!("a time not before {column}, which is {text}"))
    })?;
    Ok(PodTimes { came_ms: created, life_ms })
}

/// Three hundred years: a longer time is a slip of the pen.
pub(super) const MAX_SECONDS: u64 = 10_000_000_000;

/// The field as seconds, in milliseconds; decimals beyond the third are cut off.
pub(super) fn seconds<R: Read>(table: &Table<R>, column: usize) -> Result<u64, InputError> {
    let expected = || table.wrong(column, format!("seconds, 0 to {MAX_SECONDS}, such as 66 or 66.5"));
    millis(table.text(column)).ok_or_else(expected)
}

fn millis(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) {
        return None;
    }
    let whole = whole.parse::<u64>().ok().filter(|whole| *whole <= MAX_SECONDS)?;
    let thousandths = format!("{:0<3}", decimals.get(..3).unwrap_or(decimals)).parse::<u64>().ok()?;
    Some(whole * 1000 + thousandths)
}
