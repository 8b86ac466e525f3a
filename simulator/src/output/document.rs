//! What a command says, for each kind of reader.

use std::io::{Result, Write};

use serde::Serialize;

/// The result of a command.
pub trait Document: Serialize {
    /// For people: what was asked, and the answer in a few tables.
    fn to_text(&self) -> String;

    /// For spreadsheets.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    fn write_csv(&self, to: impl Write) -> Result<()>;

    /// For programs: JSON on one line. How long the program took is not in it, so that the same input gives the same
    /// bytes.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    fn write_json(&self, mut to: impl Write) -> Result<()> {
        serde_json::to_writer(&mut to, self)?;
        writeln!(to)
    }
}
