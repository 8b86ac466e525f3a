//! An explanation for people: the verdict first, then node by node what led to it.

use std::collections::BTreeMap;
use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Row, Table};

use crate::cli::output::{age, style};
use crate::cluster::Confidence;
use crate::extender::{ExplainReply, Origin};
use crate::placement::{LoadExplanation, MAX_POINTS, NodeExplanation, PoolExplanation, Reason};

const WIDTH: usize = 100;

/// The whole text. Of the nodes that fit, the best `limit` are shown in full; 0 shows all.
pub(super) fn text(reply: &ExplainReply, limit: usize) -> String {
    let (fitting, refused): (Vec<&NodeExplanation>, Vec<&NodeExplanation>) =
        reply.explanation.nodes.iter().partition(|node| node.rejected.is_none());
    let mut text = String::new();
    let (bold, plain) = (style::TITLE.render(), style::TITLE.render_reset());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{bold}{}{plain}", wrapped(&verdict(reply, &fitting, &refused)));
    let _ = writeln!(text, "{}", policy(reply, &fitting));
    if !fitting.is_empty() {
        let limit = if limit == 0 { fitting.len() } else { limit };
        let _ = writeln!(text, "\n{}", fitting_table(reply, &fitting[..limit.min(fitting.len())]).trim_fmt());
        if fitting.len() > limit {
            let _ = writeln!(text, "... and {} more that fit; --limit 0 shows all", fitting.len() - limit);
        }
    }
    if !refused.is_empty() {
        let _ = writeln!(text, "\n{}", refused_table(&refused).trim_fmt());
    }
    text
}

/// One sentence that answers the question.
fn verdict(reply: &ExplainReply, fitting: &[&NodeExplanation], refused: &[&NodeExplanation]) -> String {
    let pod = &reply.explanation.pod;
    let decided = reply.origin == Origin::Decided;
    let fits = if decided { "fitted" } else { "would fit" };
    let Some(best) = fitting.first() else {
        return match main_refusal(refused) {
            None => format!("{pod} {fits} nowhere: there was no node to ask about."),
            Some((reason, count)) => {
                format!("{pod} {fits} on none of {} nodes: {count} say {:?}.", refused.len(), reason.text())
            }
        };
    };
    let level: Vec<&&NodeExplanation> = fitting.iter().filter(|node| node.points == best.points).collect();
    match (reply.bound_to.as_deref(), reply.ranked) {
        (Some(node), _) => {
            format!("{pod} went to {node}: {}.", found_there(node, fitting, best, level.len()))
        }
        (None, false) if level.len() == 1 => {
            format!("{pod} {fits} on {} alone, so nothing was ranked.", best.node)
        }
        (None, false) => {
            format!("{pod} {fits} on {} nodes; kube-scheduler has not asked which is best.", fitting.len())
        }
        (None, true) => {
            let goes = if decided { "is not bound; it was to go to" } else { "would go to" };
            let goal = match level.as_slice() {
                [_] => best.node.clone(),
                _ => format!("one of {} level nodes, such as {}", level.len(), best.node),
            };
            format!("{pod} {goes} {goal}: {} of {MAX_POINTS} points{}.", best.points, offered(best))
        }
    }
}

/// What gpulse had said of the node that the pod went to.
fn found_there(node: &str, fitting: &[&NodeExplanation], best: &NodeExplanation, level: usize) -> String {
    let Some(there) = fitting.iter().find(|known| known.node == node) else {
        return format!("not one of the {} nodes that fitted when gpulse was asked last", fitting.len());
    };
    let points = format!("{} of {MAX_POINTS} points{}", there.points, offered(there));
    match (there.points == best.points, level) {
        (true, 1) => points,
        (true, level) => format!("{points}; {level} nodes were level"),
        (false, _) => {
            format!("{points}, although {} had {}; other scorers weighed more", best.node, best.points)
        }
    }
}

/// How busy the GPUs are that the pod could be given there.
fn offered(node: &NodeExplanation) -> String {
    let load = node.pools.iter().find_map(|pool| pool.load.as_ref()).filter(|_| node.utilization.is_some());
    match load {
        Some(load) => format!(", its GPUs on offer {} busy", load.offered),
        None if node.pools.is_empty() => String::new(),
        None => ", its GPUs not measured".into(),
    }
}

fn main_refusal(refused: &[&NodeExplanation]) -> Option<(Reason, usize)> {
    by_reason(refused)
        .into_iter()
        .map(|(reason, nodes)| (reason, nodes.len()))
        .max_by_key(|(_, count)| *count)
}

fn by_reason<'a>(refused: &[&'a NodeExplanation]) -> BTreeMap<Reason, Vec<&'a str>> {
    let mut reasons: BTreeMap<Reason, Vec<&str>> = BTreeMap::new();
    for node in refused {
        if let Some(reason) = node.rejected {
            reasons.entry(reason).or_default().push(&node.node);
        }
    }
    reasons
}

/// By which policy, and how far measurements counted.
fn policy(reply: &ExplainReply, fitting: &[&NodeExplanation]) -> String {
    let explanation = &reply.explanation;
    let weight = explanation.utilization_weight;
    let policy = format!("Profile {}: strategy {}", explanation.profile, explanation.strategy);
    if weight.get() == 0 {
        return format!("{policy}, by allocation alone: this profile gives live utilization no weight.");
    }
    let policy = format!("{policy}, {weight} of the score by live utilization.");
    let dark = fitting.iter().filter(|node| node.confidence == Confidence::default()).count();
    match (reply.ranked && !fitting.is_empty(), dark) {
        (false, _) | (true, 0) => policy,
        (true, dark) if dark == fitting.len() => {
            format!("{policy}\nNothing usable is measured, so the decision is by allocation alone.")
        }
        (true, dark) => format!("{policy}\nNot measured: {dark} of the {} nodes that fit.", fitting.len()),
    }
}

fn fitting_table(reply: &ExplainReply, nodes: &[&NodeExplanation]) -> Table {
    let strategy = reply.explanation.strategy.as_str();
    let mut table = table(["NODE", "POINTS", "SCORE", strategy, "UTILIZATION", "MEASURED"]);
    for node in nodes {
        let utilization = match node.utilization {
            Some(term) => format!("{term}\ntrusted {}", node.confidence),
            None => "none".into(),
        };
        table.add_row(Row::from(vec![
            Cell::new(&node.node),
            Cell::new(node.points).set_alignment(CellAlignment::Right),
            Cell::new(node.combined),
            Cell::new(format!("{}{}", node.strategy, parts(node))),
            Cell::new(utilization),
            Cell::new(measured(node)),
        ]));
    }
    table
}

/// The parts of the strategy's score, two to a line.
fn parts(node: &NodeExplanation) -> String {
    let parts: Vec<String> =
        node.parts.iter().map(|part| format!("{} {:.2}", part.name, part.value)).collect();
    parts.chunks(2).map(|line| format!("\n{}", line.join(", "))).collect()
}

fn measured(node: &NodeExplanation) -> String {
    match (node.known, node.pools.as_slice()) {
        (false, _) => "gpulse has not heard of this node".into(),
        (true, []) => "the pod asks for no GPU".into(),
        (true, pools) => pools.iter().map(pool).collect::<Vec<_>>().join("\n"),
    }
}

fn pool(pool: &PoolExplanation) -> String {
    let PoolExplanation { resource, capacity, allocated, unhealthy, load } = pool;
    let sick = if *unhealthy > 0 { format!(", {unhealthy} unhealthy") } else { String::new() };
    let taken = format!("{allocated} of {capacity} {} taken{sick}", short(resource));
    match load {
        None => format!("no sample\n{taken}"),
        Some(load) => format!("{}\n{}\n{taken}", busy(load), sample(load)),
    }
}

fn busy(load: &LoadExplanation) -> String {
    let basis = if load.basis == "counts" { ", by counts" } else { "" };
    format!("on offer {}, in all {}{basis}", load.offered, load.all)
}

fn sample(load: &LoadExplanation) -> String {
    let dark = match load.coverage.get() {
        1000 => String::new(),
        _ => format!(", of {} of the GPUs", load.coverage),
    };
    format!("{}, {} old: {}{dark}", load.source, age(load.age), load.freshness)
}

fn short(resource: &str) -> &str {
    resource.split_once('/').map_or(resource, |(_, name)| name)
}

fn refused_table(refused: &[&NodeExplanation]) -> Table {
    let mut table = table(["REFUSED", "REASON", "NODES"]);
    let mut rows: Vec<_> = by_reason(refused).into_iter().collect();
    rows.sort_by_key(|(reason, nodes)| (std::cmp::Reverse(nodes.len()), *reason));
    for (reason, nodes) in rows {
        let named = nodes.iter().take(4).copied().collect::<Vec<_>>().join(", ");
        let rest = nodes.len().saturating_sub(4);
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        table.add_row(Row::from(vec![
            Cell::new(nodes.len()).set_alignment(CellAlignment::Right),
            Cell::new(reason.text()),
            Cell::new(format!("{named}{rest}")),
        ]));
    }
    table
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH as u16);
    table.set_header(header);
    table
}

/// The sentence in lines of the table's width.
fn wrapped(sentence: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in sentence.split(' ') {
        let width = word.chars().count();
        if column > 0 {
            let breaks = column + 1 + width > WIDTH;
            text.push(if breaks { '\n' } else { ' ' });
            column = if breaks { 0 } else { column + 1 };
        }
        text.push_str(word);
        column += width;
    }
    text
}
