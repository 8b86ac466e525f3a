//! Figures of what the GPUs do in the course of time.

use super::{NodeTimeline, StrategyReport, course};
use crate::output::figure::number::{count, decimal};
use crate::output::figure::{Axis, Caption, Figure, Heat, Lines, Mark, Row, Rows, Shape};
use crate::output::page::Section;

/// The queue, the GPUs in use and where their time went.
pub(super) fn section(ranked: &[&StrategyReport]) -> Section {
    let text = if has_bands(ranked) {
        "A line is the mean over the seeds, its band one standard deviation to both sides."
    } else {
        "A line is the mean over the seeds."
    };
    let figures =
        if ranked.is_empty() { Vec::new() } else { vec![queue(ranked), in_use(ranked), hours(ranked)] };
    Section { title: "The queue and the GPUs", text: text.into(), figures }
}

/// What each node does under each strategy; none where nobody noted it.
///
/// # Errors
/// Where a map cannot be drawn.
pub(super) fn nodes(ranked: &[&StrategyReport]) -> Result<Option<Section>, png::EncodingError> {
    let mut figures = Vec::new();
    for strategy in ranked {
        if let Some(timeline) = strategy.node_timeline() {
            figures.push(heat(&strategy.name, timeline)?);
        }
    }
    let text = "Nodes with GPUs, from the busiest to the idlest, of the first seed: dark is in use, light is idle. Of more than \
                400 nodes, neighbours share a line. A hard edge means that pods were packed onto few nodes.";
    let section = Section { title: "The nodes in the course of time", text: text.into(), figures };
    Ok((!section.figures.is_empty()).then_some(section))
}

/// Idle GPUs are light, since they are what one looks for.
fn heat(strategy: &str, timeline: &NodeTimeline) -> Result<Figure, png::EncodingError> {
    let nodes = timeline.busy_milli.iter().zip(&timeline.gpus).filter(|(_, gpus)| **gpus > 0);
    let idle = |(busy_milli, gpus): (&Vec<u64>, &u64)| -> Vec<f64> {
        busy_milli.iter().map(|milli| 1.0 - *milli as f64 / (*gpus * 1000) as f64).collect()
    };
    let mut rows: Vec<Vec<f64>> = nodes.map(idle).collect();
    rows.sort_by(|one, other| one.iter().sum::<f64>().total_cmp(&other.iter().sum()));
    let note = format!("{} nodes with GPUs.", count(rows.len() as u64));
    let heat = Heat {
        caption: Caption::new(format!("nodes-{strategy}"), format!("Nodes under {strategy}"), note),
        x: course::axis(),
        scale: ("all in use", "all idle"),
        ends: ("busiest node".into(), "idlest node".into()),
        rows,
    };
    heat.draw()
}

/// Between many lines that cross, nobody sees bands.
fn has_bands(ranked: &[&StrategyReport]) -> bool {
    ranked.len() <= 4
}

fn queue(ranked: &[&StrategyReport]) -> Figure {
    let (x, series) = (course::axis(), course::queue(ranked));
    let y = Axis::above_zero("pods that wait", series.iter().flat_map(|series| series.reach(&x)));
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
        let hours = &strategy.metrics.gpu_hours;
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
        let stranded = format!("{} %", decimal(100.0 * hours.stranded.mean / all, 1));
        Row { name: strategy.name.clone(), value: stranded, marks }
    };
    let note = "Idle while some wait is capacity that was paid for, asked for and not to be had: stranded.";
    let rows = Rows {
        caption: Caption::new("gpu-hours", "Where the GPU-hours went", note),
        x: Axis::linear("% of all GPU-hours", 0.0, 100.0),
        value_title: "stranded",
        rows: ranked.iter().map(row).collect(),
        legend: PARTS
            .into_iter()
            .enumerate()
            .map(|(look, (shape, name))| (shape, Some(look), name.into()))
            .collect(),
    };
    rows.draw()
}
