//! A report to look at.

use std::io::Result;

use super::answer::{answer, gpus, ranked};
use super::{Report, StrategyReport, WaitReport, question, usage, waiting};
use crate::output::Page;
use crate::output::figure::number::{decimal, spread, time};
use crate::output::head::asked;
use crate::output::page::Table;
use crate::stats::Spread;

pub(super) fn page(report: &Report) -> Result<Page> {
    let ranked = ranked(report);
    let mut sections = vec![waiting::section(&ranked), usage::section(&ranked)];
    sections.extend(usage::nodes(&ranked)?);
    Ok(Page {
        command: "run",
        answer: answer(report),
        is_partial: report.partial,
        asked: questions(report),
        sections,
        table: table(&ranked),
    })
}

fn questions(report: &Report) -> Vec<(&'static str, String)> {
    let mut asked = asked(&report.head, &report.seeds, &report.strategies, |strategy| &strategy.name);
    asked.push(("Arrivals", question::arrivals(&report.traffic)));
    asked.push(("Queue", question::queue(&report.traffic)));
    asked.push(("Measured", question::measured(report)));
    if !report.shard.is_whole() {
        asked.push(("Part", format!("{} of the runs", report.shard)));
    }
    asked
}

fn table(ranked: &[&StrategyReport]) -> Table {
    let sizes = ranked.first().map_or(&[][..], |strategy| &strategy.metrics.waits_by_size);
    let mut header = vec!["strategy".to_owned(), "in use, %".to_owned(), "stranded GPU-h".to_owned()];
    header.extend(["wait: mean", "95 of 100 at most", "99 of 100 at most"].map(str::to_owned));
    header.extend(sizes.iter().map(|waits| format!("mean, {}", gpus(&waits.size))));
    header.push("most that wait at once".to_owned());
    let row = |strategy: &&StrategyReport| {
        let runs = strategy.runs.len();
        let shown = |value: Spread, decimals: usize| spread(value.mean, value.sd, runs, decimals);
        let waits = &strategy.metrics.waits;
        let mut cells = vec![
            strategy.name.clone(),
            shown(strategy.metrics.allocation_pct, 2),
            shown(strategy.metrics.gpu_hours.stranded, 0),
        ];
        cells.extend([waits.mean_s, waits.p95_s, waits.p99_s].map(|wait| time(wait.mean)));
        let of = |size: &WaitReport<Spread>| {
            strategy.metrics.waits_by_size.iter().find(|waits| waits.size == size.size)
        };
        cells.extend(
            sizes.iter().map(|size| of(size).map_or_else(|| "-".into(), |waits| time(waits.mean_s.mean))),
        );
        cells.push(decimal(strategy.metrics.queue_longest.mean, 0));
        cells
    };
    Table { title: "In numbers".into(), header, rows: ranked.iter().map(row).collect() }
}
