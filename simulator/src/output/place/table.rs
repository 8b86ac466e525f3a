//! For people.

use comfy_table::{Table, TableStyle};

use super::{PodReport, Report};

/// How many of a pod's ties are named.
const TIES: usize = 3;

pub(super) fn text(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_header(["pod", "node", "score", "as good, or why not"]);
    for pod in &report.pods {
        let node = pod.node.clone().unwrap_or_else(|| "-".into());
        let score = pod.score.map_or_else(|| "-".into(), |score| score.to_string());
        table.add_row([pod.pod.clone(), node, score, remark(pod)]);
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    format!("{}\n{}", head(report), lines.collect::<String>())
}

fn head(report: &Report) -> String {
    let without = match report.without_place() {
        0 => String::new(),
        pods => format!("; {pods} find no place"),
    };
    let tied = report.pods.iter().filter(|pod| !pod.ties.is_empty()).count();
    let tied =
        if tied == 0 { String::new() } else { format!("; {tied} have ties, which kube-scheduler breaks") };
    format!(
        "{} pods come to {} nodes one after the other, by {}{without}{tied}.\n",
        report.pods.len(),
        report.nodes,
        report.profile.strategy.name
    )
}

fn remark(pod: &PodReport) -> String {
    if pod.node.is_none() {
        let reasons = pod.refused.iter().map(|(reason, nodes)| format!("{reason} on {nodes}"));
        return reasons.collect::<Vec<_>>().join(", ");
    }
    let named = pod.ties.iter().take(TIES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match pod.ties.len().saturating_sub(TIES) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
