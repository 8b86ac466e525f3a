//! What was asked, in words.

use std::time::Duration;

use super::{Report, TrafficReport};
use crate::cluster::Period;

/// How pods come and how long they run.
pub(super) fn arrivals(traffic: &TrafficReport) -> String {
    let load = traffic.load.map_or_else(String::new, |load| format!(" at {load} of the GPUs"));
    format!("{}{load}{}, lives {}", traffic.arrivals, rhythm(traffic), traffic.lives)
}

/// What arrivals follow beside chance.
fn rhythm(traffic: &TrafficReport) -> String {
    let burst = traffic.burst.as_ref().map(|burst| format!(" in bursts of {burst}"));
    let daily = (traffic.daily > 0.0).then(|| format!(", day and night ±{}", traffic.daily));
    let drift = (traffic.drift > 0.0).then(|| format!(", mix drifting ±{}", traffic.drift));
    [burst, daily, drift].into_iter().flatten().collect()
}

/// Who of those that wait is served.
pub(super) fn queue(traffic: &TrafficReport) -> String {
    let depth = traffic.backfill_depth.map_or_else(String::new, |depth| format!(" of {depth}"));
    format!("{}{depth}{}", traffic.queue, if traffic.priorities { " by priority" } else { "" })
}

/// What of it was measured.
pub(super) fn measured(report: &Report) -> String {
    let traffic = &report.traffic;
    let extent = match (traffic.pods_counted, traffic.horizon_s) {
        (Some(pods), _) => format!("while {pods} pods came"),
        (None, Some(seconds)) => format!("for {}", period(seconds)),
        (None, None) => "to the end of the trace".into(),
    };
    let (from, long) = (period(traffic.warm_up_s), period(measured_s(report)));
    format!("from {from} on, {extent} ({long} on average)")
}

/// The length of the measured time, averaged over the runs: whole minutes where it is long.
fn measured_s(report: &Report) -> f64 {
    let ends: Vec<f64> =
        report.strategies.iter().flat_map(|strategy| &strategy.runs).map(|run| run.end_s).collect();
    let mean = ends.iter().sum::<f64>() / ends.len().max(1) as f64 - report.traffic.warm_up_s;
    if mean > 3600.0 { (mean / 60.0).round() * 60.0 } else { mean.round() }
}

fn period(seconds: f64) -> String {
    Period(Duration::from_millis((seconds * 1000.0) as u64)).to_string()
}
