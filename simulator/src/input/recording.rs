//! Recordings of a running gpulse: JSON Lines from its `/v1/recording`.

use std::io::BufRead;

use super::error::InputError;
use super::json_lines::JsonLines;
use crate::placement::{RecordingHeader, RecordingLine};

/// Reads a recording and hands each line after the first on; `file` is what errors call it. Returns the version of the
/// gpulse that decided, and whether the last line was cut off, as it is where a recording was interrupted.
///
/// # Errors
/// At the first line that is not one of a recording.
pub fn read_recording(
    file: &str,
    source: impl BufRead,
    mut take: impl FnMut(RecordingLine),
) -> Result<(String, bool), InputError> {
    let mut lines = JsonLines::of(file, source);
    let expected = RecordingHeader::current();
    if !lines.advance()? {
        let expected = "a recording from gpulse's /v1/recording".into();
        return Err(InputError::Empty { file: file.into(), found: "is empty", expected });
    }
    let header = lines.parse::<RecordingHeader>().ok();
    let same =
        |header: &RecordingHeader| header.api_version == expected.api_version && header.kind == expected.kind;
    let Some(header) = header.filter(same) else {
        return Err(lines.unlike(
            "a recording's first line, {\"apiVersion\":\"gpulse.dev/v1alpha1\",\"kind\":\"Recording\",...}"
                .into(),
        ));
    };
    while lines.advance()? {
        match lines.parse() {
            Ok(line) => take(line),
            Err(_) if !lines.is_whole() => return Ok((header.version, true)),
            Err(problem) => return Err(lines.broken(problem)),
        }
    }
    Ok((header.version, false))
}
