//! What an experiment says: one [`Report`], written for people, for programs and for spreadsheets.

mod grid;
pub mod queueing;
mod report;
mod spreadsheet;
mod table;

use std::io::Write;

pub use report::{CurveReport, PodsReport, PointReport, Report, RunReport, StrategyReport};

impl Report {
    /// For programs: JSON on one line. Times are not in it, so that the same input gives the same bytes.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    pub fn write_json(&self, mut to: impl Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut to, self)?;
        writeln!(to)
    }

    /// For spreadsheets: CSV, a line for each strategy and percent of arrived demand.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    pub fn write_csv(&self, to: impl Write) -> std::io::Result<()> {
        spreadsheet::write(self, to)
    }

    /// For people: what was filled, and tables of where that led.
    #[must_use]
    pub fn to_text(&self) -> String {
        table::text(self)
    }
}
