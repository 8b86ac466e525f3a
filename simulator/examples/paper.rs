//! The FGD paper's experiment (Weng et al., USENIX ATC 2023): its six policies beside the authors' figures, and gpulse's
//! own strategies on the same pods; ten seeds.
//!
//! `cargo run --release -p gpulse-simulator --example paper -- FOLDER` prints the tables of `simulator/README.md`. The
//! folder holds the openb node list, the pod lists to be run and `fgd_published_results.csv`, or the figures of the
//! default workload alone; without one it is `simulator/data/openb`. Ends with 1 where a cell is further from the
//! published mean than the larger of two published standard deviations and 0.3 points.
#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use gpulse_simulator::fill::{Experiment, experiment};
use gpulse_simulator::input::{read_nodes, read_pods};
use gpulse_simulator::output::fill::{PointReport, Report};
use gpulse_simulator::policy::{Choice, PAPER};
use gpulse_simulator::runs::Shard;
use gpulse_simulator::stats::Spread;
use gpulse_simulator::workload::{Arrive, PodTable, Workload};

const WORKLOADS: [&str; 5] = ["default", "gpushare40", "multigpu20", "gpuspec10", "cpu100"];
const PERCENTS: [u32; 6] = [80, 90, 95, 100, 110, 130];

/// What is compared: its name in the published table, its title, and where a report has it.
type Metric = (&'static str, &'static str, fn(&PointReport) -> Spread);

const METRICS: [Metric; 2] = [
    ("allocation_pct", "GPUs in use, % of all", |point| point.allocation_pct),
    ("fragmentation_pct_of_all_gpus", "fragmentation, % of all GPUs", |point| point.fragmentation_pct),
];

/// By metric, workload, policy and percent, the authors' mean and standard deviation.
type Published = BTreeMap<(String, String, String, u32), (f64, f64)>;

fn main() -> Result<ExitCode> {
    let carried = concat!(env!("CARGO_MANIFEST_DIR"), "/data/openb");
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| carried.to_owned()));
    let all = folder.join("fgd_published_results.csv");
    let published = published(&if all.exists() { all } else { folder.join("fgd_published_default.csv") })?;
    let mut far = 0;
    for name in WORKLOADS {
        let pods = folder.join(format!("openb_pod_list_{name}.csv"));
        if pods.exists() {
            let report = fill(&folder.join("openb_node_list_gpu_node.csv"), &pods)?;
            far += METRICS.iter().map(|metric| table(name, metric, &report, &published)).sum::<u32>();
        }
    }
    println!("Cells further from the published mean than the larger of 2 standard deviations and 0.3: {far}");
    Ok(if far == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| path.display().to_string())
}

fn fill(nodes: &Path, pods: &Path) -> Result<Report> {
    let nodes = read_nodes(&nodes.display().to_string(), open(nodes)?)?;
    let mut table = PodTable::default();
    read_pods(&pods.display().to_string(), open(pods)?, |row| table.add(row))?;
    let workload = Workload::new(&nodes, table)?;
    let plan = Experiment {
        policies: Choice::all().collect(),
        seeds: (42..=51).collect(),
        arrive: Arrive::default(),
        shard: Shard::default(),
    };
    let jobs = std::thread::available_parallelism()?.get();
    Ok(Report::of(&workload, &plan, &experiment(&workload, &plan, jobs, &|| true, &|_| {})))
}

fn published(path: &Path) -> Result<Published> {
    let mut published = Published::new();
    for row in csv::Reader::from_reader(open(path)?).records() {
        let row = row?;
        let key = (row[0].into(), row[1].into(), row[2].into(), row[3].parse()?);
        published.insert(key, (row[5].parse()?, row[6].parse()?));
    }
    Ok(published)
}

/// Prints one table; returns how many of its cells are far from what was published, which it marks with a star.
fn table(workload: &str, metric: &Metric, report: &Report, published: &Published) -> u32 {
    let (name, title, value) = *metric;
    println!("**{workload}: {title}**\n");
    println!("| policy | {} |", PERCENTS.map(|percent| percent.to_string()).join(" | "));
    println!("| --- |{}", " ---: |".repeat(PERCENTS.len()));
    let mut far = 0;
    for strategy in &report.strategies {
        let paper = PAPER.iter().find(|baseline| baseline.name == strategy.name);
        let cell = |percent: &u32| {
            let Some(point) = strategy.at(*percent) else { return "-".to_owned() };
            let ours = value(point).mean;
            let key = |policy: &str| (name.into(), workload.into(), policy.into(), *percent);
            let Some((mean, sd)) = paper.and_then(|paper| published.get(&key(paper.published))) else {
                return format!("{ours:.2}");
            };
            let is_far = (ours - mean).abs() > (2.0 * sd).max(0.3);
            far += u32::from(is_far);
            format!("{ours:.2} ({mean:.2}){}", if is_far { " *" } else { "" })
        };
        let cells: Vec<String> = PERCENTS.iter().map(cell).collect();
        let label = paper.map_or_else(|| format!("`{}`", strategy.name), |paper| paper.published.to_owned());
        println!("| {label} | {} |", cells.join(" | "));
    }
    println!();
    far
}
