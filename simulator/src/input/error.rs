//! What can be wrong with a table.

use std::borrow::Cow;

use thiserror::Error;

use crate::cluster::SavedSnapshotError;

/// Why a table was refused: the file, the line and the column where they are known, what was found there, and what
/// was expected. Lines count from 1, the header among them.
#[derive(Debug, Error)]
pub enum InputError {
    /// The file cannot be opened or read.
    #[error("{file} cannot be read: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// There is nothing in it, or nothing below the header.
    #[error("{file} {found}: expected {expected}")]
    Empty {
        /// The file.
        file: String,
        /// What is there.
        found: &'static str,
        /// What should be.
        expected: String,
    },
    /// It begins as a JSON document, and is no snapshot.
    #[error("{file}: {cause}")]
    Snapshot {
        /// The file.
        file: String,
        /// What is wrong with it.
        cause: SavedSnapshotError,
    },
    /// The header is not one of this table.
    #[error("{file}:1: {column}: {problem}; found the columns {found}")]
    Header {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What is wrong with it.
        problem: &'static str,
        /// The header.
        found: String,
    },
    /// A line is not a row of this table.
    #[error("{file}:{line}: found {found}, expected {expected}")]
    Line {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What is there.
        found: String,
        /// What should be.
        expected: Cow<'static, str>,
    },
    /// A line is not the JSON that it should be.
    #[error("{file}:{line}: {problem}")]
    Json {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The field, what is there and what should be.
        problem: String,
    },
    /// A value is not one of its column.
    #[error("{file}:{line}: {column}: found {found:?}, expected {expected}")]
    Value {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The column, or the field of a JSON object.
        column: Cow<'static, str>,
        /// What is there.
        found: String,
        /// What should be.
        expected: Cow<'static, str>,
    },
}
