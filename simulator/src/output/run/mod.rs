//! What `gpulse-sim run` says.

mod answer;
mod course;
mod metrics;
mod page;
mod question;
mod report;
mod spreadsheet;
mod strategy;
mod table;
mod usage;
mod waiting;

use std::io::{Result, Write};

pub use metrics::{GpuHours, Metrics, PriorityReport, WaitReport};
pub use report::{Report, TrafficReport};
pub use strategy::{NodeTimeline, RunReport, StrategyReport, Timeline};

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
        page::page(self)
    }
}
