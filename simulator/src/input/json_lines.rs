//! JSON Lines: one at a time, each fault with its place.

use std::io::BufRead;

use serde::de::DeserializeOwned;

use super::error::InputError;

/// The lines of a file, one at a time; blank ones count for nothing.
#[derive(Debug)]
pub(super) struct JsonLines<'a, R> {
    file: &'a str,
    source: R,
    number: u64,
    text: Vec<u8>,
}

impl<'a, R: BufRead> JsonLines<'a, R> {
    /// Before the first one; `file` is what errors call the file.
    pub(super) fn of(file: &'a str, source: R) -> Self {
        Self { file, source, number: 0, text: Vec::new() }
    }

    /// Goes to the next line that is not blank; false where there is none.
    pub(super) fn advance(&mut self) -> Result<bool, InputError> {
        loop {
            self.text.clear();
            let unreadable = |cause| InputError::Unreadable { file: self.file.into(), cause };
            if self.source.read_until(b'\n', &mut self.text).map_err(unreadable)? == 0 {
                return Ok(false);
            }
            self.number += 1;
            if !self.text.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line is not the JSON that it should be.
    pub(super) fn broken(&self, problem: String) -> InputError {
        InputError::Json { file: self.file.into(), line: self.number, problem }
    }

    /// A value that cannot be.
    pub(super) fn wrong(&self, field: String, found: String, expected: String) -> InputError {
        let (column, expected) = (field.into(), expected.into());
        InputError::Value { file: self.file.into(), line: self.number, column, found, expected }
    }

    /// The line is something else.
    pub(super) fn unlike(&self, expected: String) -> InputError {
        let found = String::from_utf8_lossy(self.text.trim_ascii_end()).chars().take(80).collect();
        InputError::Line { file: self.file.into(), line: self.number, found, expected: expected.into() }
    }

    /// Reads the line; on failure says which field is wrong, and how.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, String> {
        let mut json = serde_json::Deserializer::from_slice(self.text.trim_ascii_end());
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let text = located(error.inner());
            if path == "." { text } else { format!("{path}: {text}") }
        })?;
        json.end().map_err(|error| located(&error))?;
        Ok(value)
    }

    /// Whether the line has its end; only the last one of a file that was cut off has none.
    pub(super) fn is_whole(&self) -> bool {
        self.text.ends_with(b"\n")
    }
}

/// What serde says, without the line: it sees no other.
fn located(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("{what} (column {})", error.column())
}
