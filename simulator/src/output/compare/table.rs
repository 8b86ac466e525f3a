//! A comparison for people.

use super::report::{MetricReport, Report, StrategyReport, Verdict};
use crate::output::grid;
use crate::output::head::partial;

pub(super) fn text(report: &Report) -> String {
    let mut text = partial(report.partial).to_owned();
    for (number, name) in names(report).iter().enumerate().filter(|(_, name)| **name != report.against) {
        text += &sentence(report, number, name);
    }
    text += &format!(
        "\n{} {} seeds of {}. A difference is the mean over the seeds, and real where a paired t-test, corrected for \
         {} comparisons (Holm), gives less than 5 % to chance; ± is half of the 95 % interval.\n",
        report.head.sentence(),
        report.seeds.len(),
        report.of,
        report.comparisons,
    );
    for metric in &report.metrics {
        let wish = if metric.is_more_better { "more" } else { "less" };
        text += &format!("\n{} ({wish} is better):\n", capital(&metric.title));
        text += &table(report, metric);
    }
    text
}

fn names(report: &Report) -> Vec<&str> {
    let first = report.metrics.first();
    first.into_iter().flat_map(|metric| &metric.strategies).map(|strategy| strategy.name.as_str()).collect()
}

/// In what a strategy is better and worse.
fn sentence(report: &Report, number: usize, name: &str) -> String {
    let with = |wanted: Verdict| {
        let is = |metric: &&MetricReport| {
            metric.strategies[number].difference.as_ref().is_some_and(|found| found.verdict == wanted)
        };
        report.metrics.iter().filter(is).map(|metric| metric.name.as_str()).collect::<Vec<_>>()
    };
    let listed =
        |names: &[&str]| if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let (better, worse) = (with(Verdict::Better), with(Verdict::Worse));
    format!(
        "{name} against {}: better in {} of {}{}, worse in {}{}, not told apart in {}.\n",
        report.against,
        better.len(),
        report.metrics.len(),
        listed(&better),
        worse.len(),
        listed(&worse),
        with(Verdict::NotToldApart).len(),
    )
}

fn table(report: &Report, metric: &MetricReport) -> String {
    let header = ["mean".to_owned(), format!("against {}", report.against), "p".into(), String::new()];
    let row = |strategy: &StrategyReport| {
        let value = strategy
            .value
            .map_or_else(|| "-".into(), |value| format!("{:.2} ±{:.2}", value.mean, value.half_width));
        let Some(difference) = &strategy.difference else {
            return vec![value, String::new(), String::new(), String::new()];
        };
        let chance = if difference.p < 0.001 { "< 0.001".into() } else { format!("{:.3}", difference.p) };
        let verdict = match difference.verdict {
            Verdict::Better => "real, better",
            Verdict::Worse => "real, worse",
            Verdict::NotToldApart => "not told apart",
        };
        let interval = difference.interval;
        let shown = format!("{:+.2} ±{:.2}", interval.mean, interval.half_width);
        vec![value, shown, chance, verdict.into()]
    };
    let rows = metric.strategies.iter().map(|strategy| (strategy.name.as_str(), row(strategy)));
    grid::text(header.into_iter(), rows)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
