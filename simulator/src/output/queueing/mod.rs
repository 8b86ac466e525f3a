//! What `gpulse-sim run` says: one [`Report`], written for people, for programs and for spreadsheets.

mod report;
mod spreadsheet;
mod strategy;
mod table;

use std::io::Write;

pub use report::{Report, TrafficReport};
pub use strategy::{GpuHours, RunReport, StrategyReport, Timeline, WaitReport};

impl Report {
    /// For programs: JSON on one line. How long the program took is not in it, so that the same input gives the same
    /// bytes.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    pub fn write_json(&self, mut to: impl Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut to, self)?;
        writeln!(to)
    }

    /// For spreadsheets: CSV, a line for each strategy, size of pods and metric.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    pub fn write_csv(&self, to: impl Write) -> std::io::Result<()> {
        spreadsheet::write(self, to)
    }

    /// For people: what was run, and tables of how full the cluster was and who waited how long.
    #[must_use]
    pub fn to_text(&self) -> String {
        table::text(self)
    }
}
