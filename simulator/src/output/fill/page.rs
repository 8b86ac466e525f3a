//! A report to look at.

use super::answer::{answer, at_percent, ranked};
use super::curves;
use super::table::{mean, percents};
use super::{PointReport, Report, StrategyReport};
use crate::output::Page;
use crate::output::figure::number::{count, decimal, spread};
use crate::output::figure::{Axis, Caption, Figure, Lines, Mark, Row, Rows, Shape};
use crate::output::head::asked;
use crate::output::page::{Section, Table};
use crate::output::words;
use crate::placement::Reason;
use crate::stats::Spread;

pub(super) fn page(report: &Report) -> Page {
    let ranked = ranked(report);
    let full = [whole(report, &ranked), end(report, &ranked), seeds(report, &ranked)];
    let rest = [fragmentation(report, &ranked), unplaced(report, &ranked), failed(&ranked)];
    Page {
        command: "fill",
        answer: answer(report),
        is_partial: report.partial,
        asked: questions(report),
        sections: vec![
            Section {
                title: "How full the cluster gets",
                text: "Pods come one after the other and none leaves. A line is the mean over the seeds, its band one \
                       standard deviation to both sides. Dotted: what could be in use at best."
                    .into(),
                figures: full.into_iter().flatten().collect(),
            },
            Section {
                title: "What is left, and why",
                text: "Idle GPUs are of no use where no typical pod fits beside those that are there.".into(),
                figures: rest.into_iter().flatten().collect(),
            },
        ],
        table: table(report, &ranked),
    }
}

fn questions(report: &Report) -> Vec<(&'static str, String)> {
    let mut asked = asked(&report.head, &report.seeds, &report.strategies, |strategy| &strategy.name);
    asked.push(("Demand", format!("up to {} times the GPUs", report.arrive)));
    if !report.shard.is_whole() {
        asked.push(("Part", format!("{} of the runs", report.shard)));
    }
    asked
}

const IN_USE: &str = "GPUs in use, % of all";

fn whole(report: &Report, ranked: &[&StrategyReport]) -> Option<Figure> {
    let x = curves::whole(report)?;
    let note = "Until something finds no place, all strategies lie on one line.";
    let caption = Caption::new("allocation", "GPUs in use while demand arrives", note);
    let y = Axis::linear(IN_USE, 0.0, 100.0);
    Some(allocation(caption, x, y, ranked))
}

fn end(report: &Report, ranked: &[&StrategyReport]) -> Option<Figure> {
    let x = curves::end(report)?;
    let series = curves::series(ranked, |point| point.allocation_pct);
    let y = Axis::around(IN_USE, series.iter().flat_map(|series| series.reach(&x)).chain([100.0]));
    let note =
        format!("The same where the cluster is nearly full, enlarged: the axis begins at {} %.", y.ends().0);
    let caption = Caption::new("allocation-end", "GPUs in use when the cluster is nearly full", note);
    Some(allocation(caption, x, y, ranked))
}

fn allocation(caption: Caption, x: Axis, y: Axis, ranked: &[&StrategyReport]) -> Figure {
    let (from, to) = x.ends();
    let ideal = vec![(from, from), (to.min(100.0), to.min(100.0)), (to, to.min(100.0))];
    let series = curves::series(ranked, |point| point.allocation_pct);
    Lines { caption, x, y, series, ideal, has_bands: true, decimals: 2 }.draw()
}

fn fragmentation(report: &Report, ranked: &[&StrategyReport]) -> Option<Figure> {
    let x = curves::whole(report)?;
    let series = curves::series(ranked, |point| point.fragmentation_pct);
    let y = Axis::above_zero(
        "idle GPUs that the typical pods cannot use, % of all",
        series.iter().flat_map(|series| series.reach(&x)),
    );
    let note = "Fragmentation by the measure of the FGD paper. Lower is better.";
    let caption = Caption::new("fragmentation", "Idle GPUs that nobody can use", note);
    Some(Lines { caption, x, y, series, ideal: Vec::new(), has_bands: true, decimals: 2 }.draw())
}

fn unplaced(report: &Report, ranked: &[&StrategyReport]) -> Option<Figure> {
    let x = curves::end(report).or_else(|| curves::whole(report))?;
    let series = curves::unplaced(ranked);
    let y = Axis::above_zero("pods of a run", series.iter().flat_map(|series| series.reach(&x)));
    let note = "All that have found none so far.";
    let caption = Caption::new("unplaced", "Pods without a place while demand arrives", note);
    Some(Lines { caption, x, y, series, ideal: Vec::new(), has_bands: true, decimals: 0 }.draw())
}

/// Each seed's allocation where strategies are compared.
fn seeds(report: &Report, ranked: &[&StrategyReport]) -> Option<Figure> {
    let percent = at_percent(report)?;
    let row = |(look, strategy): (usize, &&StrategyReport)| {
        let in_use = strategy.at(percent)?.allocation_pct;
        let seed = |run: &super::RunReport| {
            let place = run.curve.arrived_pct.iter().position(|at| *at == percent)?;
            let value = *run.curve.allocation_pct.get(place)?;
            Some(Mark::at(Shape::Seed, value, look, format!("seed {}: {}", run.seed, decimal(value, 2))))
        };
        let mut marks: Vec<Mark> = strategy.runs.iter().filter_map(seed).collect();
        marks.push(Mark::at(Shape::Tick, in_use.mean, look, format!("mean {}", decimal(in_use.mean, 2))));
        let value = spread(in_use.mean, in_use.sd, strategy.runs.len(), 2);
        Some(Row { name: strategy.name.clone(), value, marks })
    };
    let rows: Vec<Row> = ranked.iter().enumerate().filter_map(row).collect();
    let values = rows.iter().flat_map(|row| &row.marks).map(|mark| mark.from);
    let x = Axis::around(IN_USE, values);
    let note = format!(
        "A dot for each seed, and their mean. How far dots lie apart is the luck of the order; the axis begins at {} %.",
        x.ends().0
    );
    let title = format!("GPUs in use at {percent} % demand, seed by seed");
    let legend = vec![(Shape::Seed, None, "a seed".into()), (Shape::Tick, None, "mean".into())];
    Some(Rows { caption: Caption::new("seeds", title, note), x, value_title: "mean", rows, legend }.draw())
}

/// The pods that found no place, by what stopped them.
fn failed(ranked: &[&StrategyReport]) -> Option<Figure> {
    let stopped = |strategy: &StrategyReport, reason: Reason| {
        mean(strategy, |run| run.failed.get(reason.name()).copied().unwrap_or(0))
    };
    let is_seen = |reason: &Reason| ranked.iter().any(|strategy| stopped(strategy, *reason) > 0.0);
    let reasons: Vec<Reason> = Reason::ALL.into_iter().filter(is_seen).collect();
    let row = |strategy: &&StrategyReport| {
        let mut all = 0.0;
        let bar = |(look, reason): (usize, &Reason)| {
            let (from, pods) = (all, stopped(strategy, *reason));
            all += pods;
            Mark::between(
                Shape::Bar,
                (from, all),
                look,
                format!("{}: {}", words::reason(*reason), decimal(pods, 0)),
            )
        };
        let marks = reasons.iter().enumerate().map(bar).collect();
        Row { name: strategy.name.clone(), value: decimal(all, 0), marks }
    };
    let rows: Vec<Row> = ranked.iter().map(row).collect();
    let ends = rows.iter().flat_map(|row| &row.marks).map(|mark| mark.to);
    let x = Axis::above_zero("pods of a run, at the end", ends);
    let note = "What the nodes that came closest lacked, when all demand had arrived. Mean over the seeds.";
    let legend = reasons
        .iter()
        .enumerate()
        .map(|(look, reason)| (Shape::Bar, Some(look), words::reason(*reason).to_owned()));
    let (caption, legend) = (Caption::new("failed", "Pods that found no place", note), legend.collect());
    (!ranked.is_empty()).then(|| Rows { caption, x, value_title: "all", rows, legend }.draw())
}

fn table(report: &Report, ranked: &[&StrategyReport]) -> Table {
    let percents = percents(report);
    let at = at_percent(report);
    let mut header = vec!["strategy".to_owned()];
    header.extend(percents.iter().map(|percent| format!("in use at {percent} %")));
    header.extend(at.map(|percent| format!("unusable at {percent} %")));
    header.extend(["pods came", "placed", "not placed"].map(str::to_owned));
    let row = |strategy: &&StrategyReport| {
        let shown = |percent: u32, value: fn(&PointReport) -> Spread| {
            let spread_at = strategy.at(percent).map(value);
            spread_at.map_or_else(|| "-".into(), |at| spread(at.mean, at.sd, strategy.runs.len(), 2))
        };
        let mut cells = vec![strategy.name.clone()];
        cells.extend(percents.iter().map(|percent| shown(*percent, |point| point.allocation_pct)));
        cells.extend(at.map(|percent| shown(percent, |point| point.fragmentation_pct)));
        let (came, placed) = (mean(strategy, |run| run.pods), mean(strategy, |run| run.placed));
        cells.extend([came, placed, came - placed].map(|pods| count(pods.round() as u64)));
        cells
    };
    Table {
        title: "In numbers: GPUs in use and unusable, % of all".into(),
        header,
        rows: ranked.iter().map(row).collect(),
    }
}
