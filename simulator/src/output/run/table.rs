//! A report for people.

use super::answer::answer;
use super::{PriorityReport, Report, StrategyReport, WaitReport, course, question};
use crate::output::figure::Axis;
use crate::output::head::{part, partial, seconds_a_run, seeds};
use crate::output::{chart, grid};
use crate::stats::Spread;

pub(super) fn text(report: &Report) -> String {
    let mut text = head(report);
    text += "\nIn the measured time, the GPUs and the queue:\n";
    text += &totals(report);
    for (title, value) in WAITS {
        text += &format!("\n{title}, seconds, by the GPUs that a pod asks for:\n");
        text += &waits(report, value);
    }
    text += &by_priority(report);
    text += "\nPods that wait, when so much of the measured time is over (%):\n";
    text += &queues(report);
    text += &chart(report);
    text + &never_placed(report)
}

/// A value of the waits, and what people call it.
type Wait = (&'static str, fn(&WaitReport<Spread>) -> Spread);

const WAITS: [Wait; 4] = [
    ("Wait, mean", |waits| waits.mean_s),
    ("Wait, half of the pods at most", |waits| waits.p50_s),
    ("Wait, 95 % of the pods at most", |waits| waits.p95_s),
    ("Wait, 99 % of the pods at most", |waits| waits.p99_s),
];

fn head(report: &Report) -> String {
    format!(
        "{}{}\n\n{} Arrivals {}, queue {}; {}{}.\nMeasured {}.\n",
        partial(report.partial),
        answer(report),
        report.head.sentence(),
        question::arrivals(&report.traffic),
        question::queue(&report.traffic),
        seeds(&report.seeds),
        part(report.shard),
        question::measured(report),
    )
}

fn totals(report: &Report) -> String {
    let header = [
        "in use %",
        "GPU-h used",
        "idle",
        "idle while some wait",
        "some wait %",
        "wait at once",
        "at most",
        "makespan h",
        "s a run",
        "events/s",
    ];
    let row = |strategy: &StrategyReport| {
        let took_s = strategy.took.as_secs_f64();
        let events: u64 = strategy.runs.iter().map(|run| run.events).sum();
        let rate = if took_s > 0.0 { format!("{:.0}", events as f64 / took_s) } else { "-".into() };
        let shown = |decimals: usize, spread: Spread| shown(strategy.runs.len(), decimals, spread);
        vec![
            shown(2, strategy.metrics.allocation_pct),
            format!("{:.0}", strategy.metrics.gpu_hours.used.mean),
            format!("{:.0}", strategy.metrics.gpu_hours.idle.mean),
            shown(0, strategy.metrics.gpu_hours.stranded),
            shown(1, strategy.metrics.blocked_pct),
            shown(1, strategy.metrics.queue_mean),
            format!("{:.0}", strategy.metrics.queue_longest.mean),
            format!("{:.2}", strategy.metrics.makespan_s.mean / 3600.0),
            seconds_a_run(strategy.took, strategy.runs.len()),
            rate,
        ]
    };
    grid(header.map(str::to_owned).into_iter(), report, row)
}

fn waits(report: &Report, value: fn(&WaitReport<Spread>) -> Spread) -> String {
    let mut sizes: Vec<&str> = Vec::new();
    for strategy in report.strategies.iter().filter(|strategy| !strategy.runs.is_empty()) {
        // All strategies meet the same pods.
        sizes = strategy.metrics.waits_by_size.iter().map(|waits| waits.size.as_str()).collect();
    }
    let header = std::iter::once("all").chain(sizes.iter().copied()).map(str::to_owned);
    let row = |strategy: &StrategyReport| {
        let of = |waits: &WaitReport<Spread>| shown(strategy.runs.len(), 1, value(waits));
        let by_size = sizes.iter().map(|size| {
            strategy
                .metrics
                .waits_by_size
                .iter()
                .find(|waits| waits.size == *size)
                .map_or_else(|| "-".into(), of)
        });
        std::iter::once(of(&strategy.metrics.waits)).chain(by_size).collect()
    };
    grid(header, report, row)
}

/// Nothing where all have the same priority.
fn by_priority(report: &Report) -> String {
    let mut priorities: Vec<i32> = Vec::new();
    for strategy in report.strategies.iter().filter(|strategy| !strategy.runs.is_empty()) {
        priorities = strategy.metrics.waits_by_priority.iter().map(|waits| waits.priority).collect();
    }
    if priorities.is_empty() {
        return String::new();
    }
    let row = |strategy: &StrategyReport| {
        let waits = &strategy.metrics.waits_by_priority;
        let of = |of: &PriorityReport<Spread>| shown(strategy.runs.len(), 1, of.waits.mean_s);
        let cell = |priority: &i32| waits.iter().find(|of| of.priority == *priority).map_or("-".into(), of);
        priorities.iter().map(cell).collect()
    };
    let table = grid(priorities.iter().map(i32::to_string), report, row);
    format!("\nWait, mean, seconds, by priority:\n{table}")
}

fn queues(report: &Report) -> String {
    let percents: Vec<usize> = (1..=10).map(|tenth| tenth * 10).collect();
    let row = |strategy: &StrategyReport| {
        let at = |percent: &usize| strategy.queue.get(percent - 1).map_or(0.0, |spread| spread.mean);
        percents.iter().map(|percent| format!("{:.1}", at(percent))).collect()
    };
    grid(percents.iter().map(usize::to_string), report, row)
}

/// The queue in the course of time; nothing where nobody waited.
fn chart(report: &Report) -> String {
    let series = course::queue(&report.strategies.iter().collect::<Vec<_>>());
    let x = course::axis();
    let longest = series.iter().flat_map(|series| series.means(&x)).fold(0.0, f64::max);
    if longest == 0.0 {
        return String::new();
    }
    let y = Axis::above_zero("", [longest]);
    format!("\nThe same as a chart:\n{}", chart::text(&x, &y, &series))
}

/// Nothing where all were placed. What fits no empty node does so under every strategy.
fn never_placed(report: &Report) -> String {
    let Some(strategy) = report.strategies.iter().find(|strategy| !strategy.metrics.never_placed.is_empty())
    else {
        return String::new();
    };
    let reasons = strategy.metrics.never_placed.iter();
    let reasons: Vec<String> = reasons.map(|(reason, pods)| format!("{:.1} {reason}", pods.mean)).collect();
    let pods = strategy.metrics.pods.mean;
    format!("\nOf {pods:.1} pods, these fit no node, not even an empty one: {}.\n", reasons.join(", "))
}

fn shown(runs: usize, decimals: usize, Spread { mean, sd }: Spread) -> String {
    if runs > 1 { format!("{mean:.decimals$} ±{sd:.decimals$}") } else { format!("{mean:.decimals$}") }
}

/// A line for each strategy that has runs.
fn grid(
    header: impl Iterator<Item = String>,
    report: &Report,
    row: impl Fn(&StrategyReport) -> Vec<String>,
) -> String {
    let strategies = report.strategies.iter().filter(|strategy| !strategy.runs.is_empty());
    grid::text(header, strategies.map(|strategy| (strategy.name.as_str(), row(strategy))))
}
