//! What `gpulse-sim fill` says.

mod report;
mod run;
mod spreadsheet;
mod table;

use std::io::{Result, Write};

pub use report::{PointReport, Report, StrategyReport};
pub use run::{CurveReport, RunReport};

use super::Document;

impl Document for Report {
    fn to_text(&self) -> String {
        table::text(self)
    }

    /// A line for each strategy and percent of arrived demand.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        spreadsheet::write(self, to)
    }
}
