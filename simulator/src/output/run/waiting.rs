//! Figures of who waits how long.

use super::answer::gpus;
use super::{StrategyReport, WaitReport};
use crate::output::figure::number::time;
use crate::output::figure::{Axis, Caption, Figure, Mark, Row, Rows, Shape};
use crate::output::page::Section;
use crate::stats::Spread;

/// Pods that have a figure of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Group {
    All,
    Size(String),
    Priority(i32),
}

/// A figure for all pods and one for each size and each priority of which some wait.
pub(super) fn section(ranked: &[&StrategyReport]) -> Section {
    let (waiting, served): (Vec<Group>, Vec<Group>) =
        groups(ranked).into_iter().partition(|group| *group == Group::All || group.waits(ranked));
    let longest = |strategy: &&StrategyReport| {
        let waits = waiting.iter().filter_map(|group| group.of(strategy));
        waits.map(|waits| waits.p99_s.mean).fold(0.0, f64::max)
    };
    let most_s = ranked.iter().map(longest).fold(0.0, f64::max);
    let served: Vec<String> = served.iter().map(Group::words).collect();
    let at_once = match served.as_slice() {
        [] => String::new(),
        served => format!(" These start at once under every strategy: {}.", served.join(", ")),
    };
    Section {
        title: "Who waits how long",
        text: format!("The axis of time is the same in all figures.{at_once}"),
        figures: waiting.iter().map(|group| wait(ranked, group, most_s)).collect(),
    }
}

/// All strategies meet the same pods.
fn groups(ranked: &[&StrategyReport]) -> Vec<Group> {
    let Some(strategy) = ranked.first() else { return Vec::new() };
    let sizes = strategy.metrics.waits_by_size.iter().map(|waits| Group::Size(waits.size.clone()));
    let priorities = strategy.metrics.waits_by_priority.iter();
    let priorities = priorities.map(|report| Group::Priority(report.priority));
    std::iter::once(Group::All).chain(sizes).chain(priorities).collect()
}

impl Group {
    /// How long they wait under a strategy, where there are any.
    fn of<'a>(&self, strategy: &'a StrategyReport) -> Option<&'a WaitReport<Spread>> {
        let metrics = &strategy.metrics;
        match self {
            Self::All => Some(&metrics.waits),
            Self::Size(size) => metrics.waits_by_size.iter().find(|waits| waits.size == *size),
            Self::Priority(priority) => {
                let reports = &metrics.waits_by_priority;
                reports.iter().find(|report| report.priority == *priority).map(|report| &report.waits)
            }
        }
    }

    /// Whether any of them does.
    fn waits(&self, ranked: &[&StrategyReport]) -> bool {
        ranked.iter().filter_map(|strategy| self.of(strategy)).any(|waits| waits.longest_s.mean > 0.0)
    }

    fn name(&self) -> String {
        match self {
            Self::All => "wait-all".into(),
            Self::Size(size) => format!("wait-{size}"),
            Self::Priority(priority) => format!("wait-priority-{priority}"),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::All => "all pods".into(),
            Self::Size(size) => format!("pods with {}", gpus(size)),
            Self::Priority(priority) => format!("pods of priority {priority}"),
        }
    }
}

/// How long these pods wait under each strategy.
fn wait(ranked: &[&StrategyReport], group: &Group, most_s: f64) -> Figure {
    let row = |(look, strategy): (usize, &&StrategyReport)| {
        let waits = group.of(strategy)?;
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
        Some(Row { name: strategy.name.clone(), value: time(waits.mean_s.mean), marks })
    };
    let percentiles =
        [(Shape::Dot, "half"), (Shape::Diamond, "95 of 100"), (Shape::Tick, "99 of 100 wait at most")];
    let note = "From coming to starting; means over the seeds.";
    let rows = Rows {
        caption: Caption::new(group.name(), format!("Wait of {}", group.words()), note),
        x: Axis::time("wait (logarithmic above 10 s)", most_s),
        value_title: "mean",
        rows: ranked.iter().enumerate().filter_map(row).collect(),
        legend: percentiles.into_iter().map(|(shape, text)| (shape, None, text.to_owned())).collect(),
    };
    rows.draw()
}
