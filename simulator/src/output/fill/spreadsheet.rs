//! A report as CSV.

use std::io::Write;

use super::Report;
use crate::placement::Reason;
use crate::stats::Spread;

/// The columns do not depend on what happened: a mean and a standard deviation for every reason there is.
pub(super) fn write(report: &Report, to: impl Write) -> std::io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    let measured = ["allocation_pct", "fragmentation_pct"].map(str::to_owned).into_iter();
    let failed = Reason::ALL.map(|reason| format!("failed_{}", reason.name().replace('-', "_")));
    let columns = measured.chain(failed).flat_map(|name| [format!("{name}_mean"), format!("{name}_sd")]);
    let fixed = ["strategy", "arrived_pct", "runs"].map(str::to_owned).into_iter();
    csv.write_record(fixed.chain(columns))?;
    for strategy in &report.strategies {
        for point in &strategy.points {
            let failed = |reason: Reason| point.failed.get(reason.name()).copied().unwrap_or_default();
            let spreads = [point.allocation_pct, point.fragmentation_pct].into_iter();
            let values = spreads
                .chain(Reason::ALL.map(failed))
                .flat_map(|Spread { mean, sd }| [mean.to_string(), sd.to_string()]);
            let fixed = [strategy.name.clone(), point.arrived_pct.to_string(), point.runs.to_string()];
            csv.write_record(fixed.into_iter().chain(values))?;
        }
    }
    csv.flush()
}
