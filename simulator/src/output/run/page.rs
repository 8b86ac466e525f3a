//! A report to look at.

use super::answer::{answer, gpus, ranked};
use super::table::{measured_s, period};
use super::{Report, StrategyReport, WaitReport, course};
use crate::output::Page;
use crate::output::figure::number::{count, decimal, spread, time};
use crate::output::figure::{Axis, Caption, Figure, Lines, Mark, Row, Rows, Shape};
use crate::output::head::asked;
use crate::output::page::{Section, Table};
use crate::stats::Spread;

pub(super) fn page(report: &Report) -> Page {
    let ranked = ranked(report);
    let (figures, text) = waits(&ranked);
    let hours =
        if ranked.is_empty() { Vec::new() } else { vec![queue(&ranked), in_use(&ranked), hours(&ranked)] };
    Page {
        command: report.head.command,
        answer: answer(report),
        is_partial: report.partial,
        asked: questions(report),
        sections: vec![
            Section { title: "Who waits how long", text, figures },
            Section {
                title: "The queue and the GPUs",
                text: if has_bands(&ranked) {
                    "A line is the mean over the seeds, its band one standard deviation to both sides.".into()
                } else {
                    "A line is the mean over the seeds.".into()
                },
                figures: hours,
            },
        ],
        table: table(&ranked),
    }
}

fn questions(report: &Report) -> Vec<(&'static str, String)> {
    let traffic = &report.traffic;
    let load = traffic.load.map_or_else(String::new, |load| format!(" at {load} of the GPUs"));
    let depth = traffic.backfill_depth.map_or_else(String::new, |depth| format!(" of {depth}"));
    let extent = match (traffic.pods_counted, traffic.horizon_s) {
        (Some(pods), _) => format!("while {} pods came", count(pods)),
        (None, Some(seconds)) => format!("for {}", period(seconds)),
        (None, None) => "to the end of the trace".into(),
    };
    let mut asked =
        asked(&report.head, &report.seeds, report.strategies.iter().map(|strategy| strategy.name));
    let (from, long) = (period(traffic.warm_up_s), time(measured_s(report)));
    asked.push(("Arrivals", format!("{}{load}, lives {}", traffic.arrivals, traffic.lives)));
    asked.push(("Queue", format!("{}{depth}", traffic.queue)));
    asked.push(("Measured", format!("from {from} on, {extent} ({long} on average)")));
    asked
}

/// A figure for all pods and one for each size of which some wait, and what is to be said of them.
fn waits(ranked: &[&StrategyReport]) -> (Vec<Figure>, String) {
    let sizes = ranked.first().map_or(&[][..], |strategy| &strategy.waits_by_size);
    let of = |strategy: &StrategyReport, size: &str| -> Option<WaitReport> {
        strategy.waits_by_size.iter().find(|waits| waits.size == size).cloned()
    };
    let is_waiting = |waits: &&WaitReport| {
        let longest =
            |strategy: &&StrategyReport| of(strategy, &waits.size).map_or(0.0, |waits| waits.longest_s.mean);
        ranked.iter().any(|strategy| longest(strategy) > 0.0)
    };
    let longest = |strategy: &&StrategyReport| {
        let all = strategy.waits_by_size.iter().chain([&strategy.waits]);
        all.map(|waits| waits.p99_s.mean).fold(0.0, f64::max)
    };
    let most_s = ranked.iter().map(longest).fold(0.0, f64::max);
    let (waiting, served): (Vec<&WaitReport>, Vec<&WaitReport>) = sizes.iter().partition(is_waiting);
    let all = ranked.iter().map(|strategy| (strategy.name, strategy.waits.clone())).collect::<Vec<_>>();
    let mut figures =
        if ranked.is_empty() { Vec::new() } else { vec![wait("wait-all", "Wait of all pods", &all, most_s)] };
    for size in waiting {
        let rows: Vec<_> =
            ranked.iter().filter_map(|strategy| Some((strategy.name, of(strategy, &size.size)?))).collect();
        let title = format!("Wait of pods with {}", gpus(&size.size));
        figures.push(wait(&format!("wait-{}", size.size), &title, &rows, most_s));
    }
    let served: Vec<String> = served.into_iter().map(|waits| gpus(&waits.size)).collect();
    let at_once = match served.as_slice() {
        [] => String::new(),
        served => format!(" Pods with {} start at once under every strategy.", served.join(", ")),
    };
    let text = format!("The axis of time is the same in all figures.{at_once}");
    (figures, text)
}

fn wait(name: &str, title: &str, rows: &[(&str, WaitReport)], most_s: f64) -> Figure {
    let row = |(look, (name, waits)): (usize, &(&str, WaitReport))| {
        let at = |shape: Shape, what: &str, Spread { mean, .. }: Spread| {
            Mark::at(shape, mean, look, format!("{what}: {}", time(mean)))
        };
        let range = (waits.p50_s.mean, waits.p99_s.mean);
        let marks = vec![
            Mark::between(Shape::Range, range, look, format!("{} to {}", time(range.0), time(range.1))),
            at(Shape::Tick, "99 of 100 wait at most", waits.p99_s),
            at(Shape::Diamond, "95 of 100 wait at most", waits.p95_s),
            at(Shape::Dot, "half wait at most", waits.p50_s),
        ];
        Row { name: (*name).to_owned(), value: time(waits.mean_s.mean), marks }
    };
    let percentiles =
        [(Shape::Dot, "half"), (Shape::Diamond, "95 of 100"), (Shape::Tick, "99 of 100 wait at most")];
    let note = "From coming to starting; means over the seeds.";
    let rows = Rows {
        caption: Caption::new(name, title, note),
        x: Axis::time("wait (logarithmic above 10 s)", most_s),
        value_title: "mean",
        rows: rows.iter().enumerate().map(row).collect(),
        legend: percentiles.into_iter().map(|(shape, text)| (shape, None, text.to_owned())).collect(),
    };
    rows.draw()
}

fn has_bands(ranked: &[&StrategyReport]) -> bool {
    ranked.len() <= 4
}

fn queue(ranked: &[&StrategyReport]) -> Figure {
    let (x, series) = (course::axis(), course::queue(ranked));
    let y = Axis::above_zero(
        "pods that wait",
        series.iter().flat_map(|series| series.reach(&x)).map(|pods| pods.max(0.0)),
    );
    let note = "A queue that goes on growing is one that the cluster cannot serve.";
    let caption = Caption::new("queue", "The queue in the course of time", note);
    Lines { caption, x, y, series, ideal: Vec::new(), has_bands: has_bands(ranked), decimals: 1 }.draw()
}

fn in_use(ranked: &[&StrategyReport]) -> Figure {
    let (x, series) = (course::axis(), course::allocation(ranked));
    let y = Axis::around("GPUs in use, % of all", series.iter().flat_map(|series| series.reach(&x)));
    let y = Axis::linear(y.title.clone(), y.ends().0.max(0.0), y.ends().1.min(100.0));
    let note = format!("The axis begins at {} %.", decimal(y.ends().0, 0));
    let caption = Caption::new("in-use", "GPUs in use in the course of time", note);
    Lines { caption, x, y, series, ideal: Vec::new(), has_bands: has_bands(ranked), decimals: 2 }.draw()
}

/// Where the GPUs' time went.
fn hours(ranked: &[&StrategyReport]) -> Figure {
    const PARTS: [(Shape, &str); 3] = [
        (Shape::Bar, "in use"),
        (Shape::Bar, "idle while some wait"),
        (Shape::Rest, "idle, and nobody waits"),
    ];
    let row = |strategy: &&StrategyReport| {
        let hours = &strategy.gpu_hours;
        let all = (hours.used.mean + hours.idle.mean).max(f64::MIN_POSITIVE);
        let parts = [hours.used.mean, hours.stranded.mean, hours.idle.mean - hours.stranded.mean];
        let mut to = 0.0;
        let bar = |((look, (shape, name)), hours): ((usize, (Shape, &str)), f64)| {
            let from = to;
            to += 100.0 * hours / all;
            let told = format!("{name}: {} GPU-hours, {} %", decimal(hours, 0), decimal(to - from, 1));
            Mark::between(shape, (from, to), look, told)
        };
        let marks = PARTS.into_iter().enumerate().zip(parts).map(bar).collect();
        let stranded = decimal(100.0 * hours.stranded.mean / all, 1);
        Row { name: strategy.name.into(), value: stranded, marks }
    };
    let note = "Idle while some wait is capacity that was paid for, asked for and not to be had: stranded.";
    let rows = Rows {
        caption: Caption::new("gpu-hours", "Where the GPU-hours went", note),
        x: Axis::linear("% of all GPU-hours", 0.0, 100.0),
        value_title: "stranded, %",
        rows: ranked.iter().map(row).collect(),
        legend: PARTS
            .into_iter()
            .enumerate()
            .map(|(look, (shape, name))| (shape, Some(look), name.into()))
            .collect(),
    };
    rows.draw()
}

fn table(ranked: &[&StrategyReport]) -> Table {
    let sizes = ranked.first().map_or(&[][..], |strategy| &strategy.waits_by_size);
    let mut header = vec!["strategy".to_owned(), "in use, %".to_owned(), "stranded GPU-h".to_owned()];
    header.extend(["wait: mean", "95 of 100 at most", "99 of 100 at most"].map(str::to_owned));
    header.extend(sizes.iter().map(|waits| format!("mean, {}", gpus(&waits.size))));
    header.push("most that wait at once".to_owned());
    let row = |strategy: &&StrategyReport| {
        let runs = strategy.runs.len();
        let shown = |value: Spread, decimals: usize| spread(value.mean, value.sd, runs, decimals);
        let waits = &strategy.waits;
        let mut cells = vec![
            strategy.name.to_owned(),
            shown(strategy.allocation_pct, 2),
            shown(strategy.gpu_hours.stranded, 0),
        ];
        cells.extend([waits.mean_s, waits.p95_s, waits.p99_s].map(|wait| time(wait.mean)));
        let of = |size: &WaitReport| strategy.waits_by_size.iter().find(|waits| waits.size == size.size);
        cells.extend(
            sizes.iter().map(|size| of(size).map_or_else(|| "-".into(), |waits| time(waits.mean_s.mean))),
        );
        cells.push(decimal(strategy.queue_longest.mean, 0));
        cells
    };
    Table { title: "In numbers".into(), header, rows: ranked.iter().map(row).collect() }
}
