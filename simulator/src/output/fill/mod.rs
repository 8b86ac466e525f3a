//! What `gpulse-sim fill` says.

mod answer;
mod curves;
mod page;
mod report;
mod run;
mod spreadsheet;
mod table;

use std::io::{Result, Write};

pub use report::{PointReport, Report, StrategyReport};
pub use run::{CurveReport, RunReport};

use super::{Document, Illustrated, Page};

impl Document for Report {
    fn to_text(&self) -> String {
        table::text(self)
    }

    /// A line for each strategy and percent of arrived demand.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        spreadsheet::write(self, to)
    }
}

impl Illustrated for Report {
    fn page(&self) -> Result<Page> {
        Ok(page::page(self))
    }
}
