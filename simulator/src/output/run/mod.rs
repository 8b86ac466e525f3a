//! What `gpulse-sim run` says.

mod answer;
mod course;
mod page;
mod report;
mod spreadsheet;
mod strategy;
mod table;

use std::io::{Result, Write};

pub use report::{Report, TrafficReport};
pub use strategy::{GpuHours, RunReport, StrategyReport, Timeline, WaitReport};

use super::{Document, Illustrated, Page};

impl Document for Report {
    fn to_text(&self) -> String {
        table::text(self)
    }

    /// A line for each strategy, size of pods and metric.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        spreadsheet::write(self, to)
    }
}

impl Illustrated for Report {
    fn page(&self) -> Result<Page> {
        Ok(page::page(self))
    }
}
