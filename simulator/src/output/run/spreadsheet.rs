//! A report as CSV.

use std::io::Write;

use super::{PriorityReport, Report, WaitReport};
use crate::stats::Spread;

/// One number a line, so that a new one adds lines and moves no column: the strategy, the size of the pods that it is
/// about (`all` for all, `priority 5` for those of a priority), what it is, its mean over the runs and its standard deviation.
pub(super) fn write(report: &Report, to: impl Write) -> std::io::Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(["strategy", "size", "metric", "runs", "mean", "sd"])?;
    for strategy in report.strategies.iter().filter(|strategy| !strategy.runs.is_empty()) {
        let (name, metrics) = (strategy.name.as_str(), &strategy.metrics);
        let runs = strategy.runs.len().to_string();
        let mut line = |size: &str, metric: &str, Spread { mean, sd }: Spread| {
            csv.write_record([name, size, metric, &runs, &mean.to_string(), &sd.to_string()])
        };
        let whole = [
            ("allocation_pct", metrics.allocation_pct),
            ("gpu_hours_used", metrics.gpu_hours.used),
            ("gpu_hours_idle", metrics.gpu_hours.idle),
            ("gpu_hours_stranded", metrics.gpu_hours.stranded),
            ("blocked_pct", metrics.blocked_pct),
            ("queue_mean", metrics.queue_mean),
            ("queue_longest", metrics.queue_longest),
            ("makespan_s", metrics.makespan_s),
        ];
        whole.into_iter().try_for_each(|(metric, spread)| line("all", metric, spread))?;
        for (reason, spread) in &metrics.never_placed {
            line("all", &format!("never_placed_{}", reason.replace('-', "_")), *spread)?;
        }
        for waits in std::iter::once(&metrics.waits).chain(&metrics.waits_by_size) {
            of_waits(waits).into_iter().try_for_each(|(metric, spread)| line(&waits.size, metric, spread))?;
        }
        for PriorityReport { priority, waits } in &metrics.waits_by_priority {
            let those = format!("priority {priority}");
            of_waits(waits).into_iter().try_for_each(|(metric, spread)| line(&those, metric, spread))?;
        }
    }
    csv.flush()
}

fn of_waits(waits: &WaitReport<Spread>) -> [(&'static str, Spread); 6] {
    [
        ("pods", waits.pods),
        ("wait_mean_s", waits.mean_s),
        ("wait_p50_s", waits.p50_s),
        ("wait_p95_s", waits.p95_s),
        ("wait_p99_s", waits.p99_s),
        ("wait_longest_s", waits.longest_s),
    ]
}
