//! The picture that a gpulse saved, told apart from a table by its first byte.

use std::io::{BufRead, Read};

use super::error::InputError;
use crate::cluster::Snapshot;

/// The mark that some programs begin a text in UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether the first thing that is no blank is an opening brace. A byte order mark before it is taken away.
///
/// # Errors
/// Where the file cannot be read.
pub fn is_json(file: &str, source: &mut impl BufRead) -> Result<bool, InputError> {
    let unreadable = |cause| InputError::Unreadable { file: file.into(), cause };
    let start = source.fill_buf().map_err(unreadable)?;
    let mark = if start.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let first = start[mark..].iter().find(|byte| !byte.is_ascii_whitespace());
    let found = first == Some(&b'{');
    source.consume(mark);
    Ok(found)
}

/// Reads what `gpulse snapshot` and `gpulse-sim import` save; `file` is what errors call it.
///
/// # Errors
/// Where it is no such document, or names a node or a pod twice.
pub fn read_snapshot(file: &str, source: impl Read) -> Result<Snapshot, InputError> {
    Snapshot::load(source).map_err(|cause| InputError::Snapshot { file: file.into(), cause })
}
