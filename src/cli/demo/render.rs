//! The demo on a screen of 80 columns.

use std::fmt::Write;

use super::recording::Trouble;
use super::report::{Arrival, Landing, Report, Servers, is_busy};
use super::world::{World, WorldGpu, WorldNode};
use crate::cli::output::style;
use crate::cluster::PerMille;
use crate::placement::{MAX_POINTS, NodeExplanation};

const OPENING: &str = "
Kubernetes counts GPUs. One that no pod asked for is free to it, even while
somebody outside Kubernetes runs on it at full load; and the shares of a shared
GPU are all alike to it, however busy that GPU is. gpulse reads what each GPU is
measured to do, and tells kube-scheduler where there is really room.

Below, the same pods arrive in two copies of one recorded cluster. Both servers
are the real one, asked as kube-scheduler asks: POST /filter, POST /prioritize.
One decides with live utilization, the other by allocation alone.
";

/// What this is, the cluster, and the head of the table.
pub(super) fn opening(world: &World) -> String {
    let (bold, plain) = (style::TITLE.render(), style::TITLE.render_reset());
    let gpus: usize = world.nodes.iter().map(|node| node.gpus.len()).sum();
    let free = || world.nodes.iter().flat_map(|node| &node.gpus).filter(|gpu| gpu.pods.is_empty());
    let used = free().filter(|gpu| gpu.outside > PerMille::default()).count();
    let mut text =
        format!("{bold}gpulse places GPU pods by what the GPUs are really doing.{plain}\n{OPENING}\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{bold}The cluster:{plain} {} nodes, {gpus} GPUs. No pod holds {} of them; {used} of those are in use.\n\
         Each bar is a GPU and its load: [▅] held by pods, ▅ free, ! in use by somebody\n\
         outside Kubernetes, ? not measured, x broken.\n",
        world.nodes.len(),
        free().count(),
    );
    for node in &world.nodes {
        let _ = writeln!(text, "  {}", node_line(node));
    }
    let _ = write!(
        text,
        "\n{bold}The pods,{plain} where they went, and how busy the busiest GPU was that they got.\n\n\
         {bold}  {:<19} {:<8}  WITH UTILIZATION     BY ALLOCATION ALONE{plain}\n",
        "POD", "ASKS"
    );
    text
}

fn node_line(node: &WorldNode) -> String {
    let facts = &node.facts;
    let shares = if facts.shares > 1 { format!(", {} shares each", facts.shares) } else { String::new() };
    let model = facts.product.trim_start_matches("NVIDIA-").trim_start_matches("Tesla-");
    let model = model.replace("-SXM2", "").replace("-PCIE", "").replace('-', " ");
    let what = format!("{} x {model}{shares}", facts.gpus);
    let dark = facts.trouble == Trouble::Dark;
    let last = node.gpus.len() - 1;
    let bars: String =
        node.gpus.iter().enumerate().map(|(index, gpu)| bar(gpu, dark, index == last)).collect();
    format!("{:<8} {what:<24}{bars}", facts.name)
}

/// Three columns for a GPU; nothing trails the last one of a line.
fn bar(gpu: &WorldGpu, dark: bool, last: bool) -> String {
    let glyph = match (gpu.xid, dark) {
        (Some(_), _) => 'x',
        (None, true) => '?',
        (None, false) => level(gpu.load()),
    };
    let used_outside = gpu.outside > PerMille::default();
    let (left, right) = match (gpu.pods.is_empty(), used_outside) {
        (true, false) if last => (" ", ""),
        (true, false) => (" ", " "),
        (true, true) => (" ", "!"),
        (false, false) => ("[", "]"),
        (false, true) => ("[", "!"),
    };
    let style = match gpu.xid.is_some() || used_outside {
        true => style::BAD,
        false if gpu.pods.is_empty() && !dark => style::GOOD,
        false => style::QUIET,
    };
    format!("{style}{left}{glyph}{right}{style:#}")
}

fn level(load: PerMille) -> char {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    LEVELS[(usize::from(load.get()) * (LEVELS.len() - 1)).div_ceil(1000)]
}

/// One pod: where it went in each copy, and why not where the other put it.
pub(super) fn row(arrival: &Arrival, other: Option<&NodeExplanation>) -> String {
    let pod = arrival.request.key().to_string();
    let with = landing(&arrival.with);
    // The width that is seen: styles take none.
    let gap = 19_usize.saturating_sub(anstream::adapter::strip_str(&with).to_string().len());
    let mut text = format!(
        "  {pod:<19} {:<8}  {with}{:gap$}  {}\n",
        arrival.request.asks(),
        "",
        landing(&arrival.without)
    );
    if let (Landing::Refused { reasons }, _) | (_, Landing::Refused { reasons }) =
        (&arrival.with, &arrival.without)
    {
        let mut reasons: Vec<_> = reasons.iter().collect();
        reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), *reason));
        for (reason, count) in reasons {
            text.push_str(&aside(&format!("{count} nodes: {reason}")));
        }
    }
    if let Some(reason) = other.and_then(why_not) {
        text.push_str(&aside(&reason));
    }
    text
}

fn landing(landing: &Landing) -> String {
    let (node, load) = match landing {
        Landing::Placed { node, .. } => (node.as_str(), landing.busiest()),
        Landing::Refused { .. } => ("nowhere", None),
    };
    let Some(load) = load else { return node.into() };
    let (style, mark) = if is_busy(load) { (style::BAD, " !") } else { (style::GOOD, "") };
    format!("{node:<8} {style}{:>5}{mark}{style:#}", load.to_string())
}

/// Why the node that the other copy chose did not win here. Only said where its load is what spoke against it.
fn why_not(node: &NodeExplanation) -> Option<String> {
    if node.points == MAX_POINTS {
        return None;
    }
    let load = node.pools.iter().find_map(|pool| pool.load.as_ref());
    Some(match load {
        None => {
            format!("{} is not measured: {} of 10 points, neither praised nor blamed", node.node, node.points)
        }
        Some(load) if load.offered > load.all.max(PerMille::new(200)) || is_busy(load.offered) => format!(
            "{} has room, but what it offers is {} busy already: {} of 10 points",
            node.node, load.offered, node.points
        ),
        Some(_) => return None,
    })
}

fn aside(text: &str) -> String {
    let quiet = style::QUIET;
    format!("{quiet}      {text}{quiet:#}\n")
}

/// The comparison, and what to try next by calling `program`.
pub(super) fn closing(program: &str, report: &Report<'_>) -> String {
    let (with, without) = (&report.with_utilization, &report.by_allocation_alone);
    let pods = report.pods.len();
    let (bold, plain) = (style::TITLE.render(), style::TITLE.render_reset());
    let mut text = format!("\n{bold}{:<38}WITH UTILIZATION  BY ALLOCATION ALONE{plain}\n", "What came of it");
    let mut line = |what: &str, with: String, without: String| {
        let _ = writeln!(text, "  {what:<36}{with:<18}{without}");
    };
    line("pods placed", format!("{} of {pods}", with.placed), format!("{} of {pods}", without.placed));
    line(
        "pods that got a GPU over half busy",
        with.on_busy_gpus.to_string(),
        without.on_busy_gpus.to_string(),
    );
    line("mean load of the GPUs they got", with.mean_load.to_string(), without.mean_load.to_string());
    text.push('\n');
    text.push_str(&conclusion(report));
    text.extend(report.servers.iter().map(|servers| invitation(program, servers)));
    text
}

fn conclusion(report: &Report<'_>) -> String {
    let (with, without) = (&report.with_utilization, &report.by_allocation_alone);
    let (bold, plain) = (style::TITLE.render(), style::TITLE.render_reset());
    if with.on_busy_gpus >= without.on_busy_gpus {
        let (with, without) = (with.on_busy_gpus, without.on_busy_gpus);
        return format!("On this stream live utilization did not help: {with} against {without} pods.\n");
    }
    format!(
        "{bold}By allocation alone {} of {} pods had to share a GPU with work that was already\n\
         keeping it busy. With live utilization: {}.{plain}\n",
        without.on_busy_gpus, without.placed, with.on_busy_gpus
    )
}

/// What to try while the servers stay up.
fn invitation(program: &str, servers: &Servers<'_>) -> String {
    let (bold, plain) = (style::TITLE.render(), style::TITLE.render_reset());
    let Servers { extender, admin, other_admin } = servers;
    format!(
        "\n{bold}Both servers stay up until Ctrl-C.{plain} In another terminal, why a pod went where it did,\n\
         with live utilization and without; why one fits nowhere; and what happened of late:\n\n\
         \x20 {program} explain --server {admin} training/bert-0\n\
         \x20 {program} explain --server {other_admin} training/bert-0\n\
         \x20 {program} explain --server {admin} training/llama-70b\n\
         \x20 curl '{admin}/v1/decisions?limit=2'\n\
         \x20 curl {admin}/metrics\n\n\
         A kube-scheduler would be told to ask {extender}.\n"
    )
}
