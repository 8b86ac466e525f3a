//! For people.

use std::collections::BTreeSet;

use comfy_table::{Table, TableStyle};

use super::{DifferenceReport, Report, SaidReport};

/// How many decisions are listed, and how many nodes of each.
const DECISIONS: usize = 20;
const NODES: usize = 3;

pub(super) fn text(report: &Report) -> String {
    let instead = report.instead.is_some();
    // By another policy nearly all scores are others: what counts is who is best.
    let differs = |difference: &&DifferenceReport| !instead || difference.best_then != difference.best_now;
    let shown: Vec<&DifferenceReport> = report.differences.iter().filter(differs).collect();
    let mut text = head(report);
    if shown.is_empty() {
        return text;
    }
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    if instead {
        table.set_header(["decision", "pod", "best then", "its points now", "best now"]);
        table.add_rows(shown.iter().take(DECISIONS).map(|difference| elsewhere(difference)));
    } else {
        table.set_header(["decision", "pod", "profile", "then -> now"]);
        table.add_rows(shown.iter().take(DECISIONS).map(|difference| otherwise(difference)));
    }
    text.push('\n');
    text.extend(table.lines().map(|line| format!("{}\n", line.trim_end())));
    if shown.len() > DECISIONS {
        text += &format!("... and {} more; --output json or csv has them all.\n", shown.len() - DECISIONS);
    }
    text
}

/// A decision that the same policy takes otherwise.
fn otherwise(difference: &DifferenceReport) -> [String; 4] {
    let DifferenceReport { decision, pod, profile, .. } = difference;
    [decision.to_string(), pod.clone(), profile.clone(), nodes(difference)]
}

/// A decision by which another policy would send the pod elsewhere.
fn elsewhere(difference: &DifferenceReport) -> [String; 5] {
    let DifferenceReport { decision, pod, best_then, best_now, .. } = difference;
    let best = |nodes: &Option<BTreeSet<String>>| few(nodes.iter().flatten().cloned());
    let points = difference.points_now().to_string();
    [decision.to_string(), pod.clone(), best(best_then), points, best(best_now)]
}

fn head(report: &Report) -> String {
    let Report { decisions, same, version, recorded_by, .. } = report;
    let mut text = match &report.instead {
        None => {
            let others = match decisions - same {
                0 => "all identical".to_owned(),
                others => format!("{same} identical, {others} not"),
            };
            format!("{decisions} decisions of gpulse {recorded_by}, decided again by {version}: {others}.\n")
        }
        Some(instead) => {
            let (strategy, rankings, elsewhere) =
                (instead.strategy().name, report.rankings, report.elsewhere);
            format!(
                "{decisions} decisions of gpulse {recorded_by}, decided again by {strategy}: of {rankings} rankings \
                 {elsewhere} would have sent the pod elsewhere; {same} decisions are identical.\n"
            )
        }
    };
    if report.missed > 0 {
        text += &format!("The recording lacks {} decisions: its reader was too slow.\n", report.missed);
    }
    text
}

fn nodes(difference: &DifferenceReport) -> String {
    few(difference
        .nodes
        .iter()
        .map(|node| format!("{}: {} -> {}", node.node, said(&node.then), said(&node.now))))
}

fn said(said: &SaidReport) -> String {
    match (said.points, said.score) {
        (Some(points), Some(score)) => format!("{points} ({:.6})", f64::from(score) / 1e6),
        _ => said.refused.unwrap_or("fits").to_owned(),
    }
}

fn few(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    let named = texts.iter().take(NODES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(NODES) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
