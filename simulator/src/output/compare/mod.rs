//! What `gpulse-sim compare` says.

mod metric;
mod report;
mod table;

use std::io::{Result, Write};

pub use metric::{KINDS, Kind, KindError, KindName};
pub use report::{DifferenceReport, LEVEL, MetricReport, Report, StrategyReport, Verdict};

use super::Document;

impl Document for Report {
    fn to_text(&self) -> String {
        table::text(self)
    }

    /// A line for each metric and strategy; what a strategy does not have is empty.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        let differences = ["difference", "difference_half_width", "p", "verdict"];
        csv.write_record(["metric", "strategy", "runs", "mean", "half_width"].iter().chain(&differences))?;
        for metric in &self.metrics {
            for strategy in &metric.strategies {
                let number =
                    |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
                let (value, found) = (strategy.value, strategy.difference.as_ref());
                let verdict = found.map_or("", |found| match found.verdict {
                    Verdict::Better => "better",
                    Verdict::Worse => "worse",
                    Verdict::NotToldApart => "not-told-apart",
                });
                csv.write_record([
                    metric.name.clone(),
                    strategy.name.clone(),
                    strategy.runs.to_string(),
                    number(value.map(|value| value.mean)),
                    number(value.map(|value| value.half_width)),
                    number(found.map(|found| found.interval.mean)),
                    number(found.map(|found| found.interval.half_width)),
                    number(found.map(|found| found.p)),
                    verdict.to_owned(),
                ])?;
            }
        }
        csv.flush()
    }
}
