//! What the strategies do when pods depart: the FGD paper's default workload on all its nodes, with drawn arrivals at
//! five loads, three kinds of lives, FIFO and backfill, then in bursts, by day and night and with a drifting mix.
//!
//! `cargo run --release -p gpulse-simulator --example departures -- [FOLDER]` prints the tables of
//! `simulator/README.md`: five seeds of 100,000 pods for each cell. Where a folder is named, the results of each line
//! are written into it as JSON, for `gpulse-sim merge` to print, with the waits of all sizes; what lies there already is
//! not run again.
#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use gpulse_simulator::input::{PodTimes, read_nodes, read_timed_pods};
use gpulse_simulator::merge::{Joined, Part, join};
use gpulse_simulator::output::Document;
use gpulse_simulator::output::run::{Report, StrategyReport};
use gpulse_simulator::policy::Choice;
use gpulse_simulator::run::{
    Arrivals, Discipline, Experiment, Extent, Lives, Plan, Rhythm, Traffic, experiment,
};
use gpulse_simulator::runs::Shard;
use gpulse_simulator::stats::Spread;
use gpulse_simulator::workload::{PodTable, Workload};

const STRATEGIES: [&str; 4] = ["best-fit", "fgd", "binpack", "fragmentation"];
/// Those that fall behind everywhere: in one table, so that it can be seen.
const OTHERS: [&str; 3] = ["affinity", "random", "worst-fit"];
const LOADS: [&str; 5] = ["0.8", "0.85", "0.9", "0.95", "1"];
const LIVES: [&str; 3] = ["exp:1h", "trace", "big-longer:1h"];
const QUEUES: [Discipline; 2] = [Discipline::Backfill { depth: 200 }, Discipline::Fifo];
const PODS: u64 = 100_000;
const DAY_MS: u64 = 24 * 3_600_000;
const LIVES_CAP_MS: u64 = 6 * 3_600_000;

/// The workload and its pods' times, and where results are kept.
struct Bench {
    workload: Workload,
    times: Vec<PodTimes>,
    folder: Option<PathBuf>,
}

/// A line of a table: what it is called, in the table and as a file, and what happens in it.
struct Line {
    title: String,
    name: String,
    plan: Plan,
}

fn main() -> Result<()> {
    let bench = Bench::new(std::env::args().nth(1).map(PathBuf::from))?;
    for queue in QUEUES {
        for lives in LIVES {
            let word = if queue == Discipline::Fifo { "FIFO" } else { "Backfill" };
            let lines = LOADS.iter().map(|load| line(load, lives, queue));
            bench.table(&format!("{word}, lives `{lives}`"), "load", lines, &STRATEGIES)?;
        }
    }
    let backfill = ["0.9", "0.95"].iter().map(|load| line(load, LIVES[0], QUEUES[0]));
    bench.table("Backfill, lives `exp:1h`, the other strategies", "load", backfill, &OTHERS)?;
    bench.table("Backfill at 0.90, lives `exp:1h`", "arrivals", rhythms()?.into_iter(), &STRATEGIES)
}

fn line(load: &str, lives: &str, queue: Discipline) -> Result<Line> {
    let traced = Lives::Trace { cap_ms: Some(LIVES_CAP_MS) };
    let plan = Plan {
        arrivals: Arrivals::Poisson(load.parse()?),
        lives: if lives == "trace" { traced } else { lives.parse()? },
        warm_up_ms: None,
        extent: Extent::Pods(PODS),
        queue,
        priorities: false,
        rhythm: Rhythm::default(),
    };
    let queue = if queue == Discipline::Fifo { "fifo" } else { "backfill" };
    let kind = lives.split(':').next().unwrap_or_default();
    Ok(Line { title: format!("{:.2}", load.parse::<f64>()?), name: format!("{queue}-{kind}-{load}"), plan })
}

/// Arrivals that are not each for itself.
fn rhythms() -> Result<Vec<Result<Line>>> {
    let none = Rhythm::default();
    let rhythms = [
        ("bursts of 8", "burst-8", Rhythm { burst: "8".parse()?, ..none }),
        ("bursts of 64", "burst-64", Rhythm { burst: "64".parse()?, ..none }),
        ("bursts of 8 on average", "burst-geometric-8", Rhythm { burst: "geometric:8".parse()?, ..none }),
        ("one day", "day", none),
        ("one day, rate ±0.1", "daily-0.1", Rhythm { daily: "0.1".parse()?, ..none }),
        ("one day, mix ±0.8", "drift-0.8", Rhythm { drift: "0.8".parse()?, ..none }),
    ];
    let line = |(title, name, rhythm): (&str, &str, Rhythm)| {
        let Line { plan, .. } = line("0.9", LIVES[0], QUEUES[0])?;
        let extent = if title.starts_with("one day") { Extent::Millis(DAY_MS) } else { plan.extent };
        Ok(Line { title: title.into(), name: name.into(), plan: Plan { rhythm, extent, ..plan } })
    };
    Ok(rhythms.into_iter().map(line).collect())
}

impl Bench {
    fn new(folder: Option<PathBuf>) -> Result<Self> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/openb");
        let open = |file: &str| File::open(data.join(file)).with_context(|| file.to_owned());
        let nodes = read_nodes("nodes", open("openb_node_list_gpu_node.csv")?)?;
        let (mut pods, mut times) = (PodTable::default(), Vec::new());
        let file = std::io::BufReader::new(open("openb_pod_list_default.csv")?);
        read_timed_pods("pods", file, |row, pod_times| {
            pods.add(row);
            times.extend(pod_times);
        })?;
        folder.iter().try_for_each(fs::create_dir_all)?;
        Ok(Self { workload: Workload::new(&nodes, pods)?, times, folder })
    }

    /// Prints a table: for each strategy the GPUs in use in %, for how much of the time somebody waited in %, and the
    /// mean waits of all pods and of those with eight GPUs in seconds.
    fn table(
        &self,
        title: &str,
        first: &str,
        lines: impl Iterator<Item = Result<Line>>,
        strategies: &[&str],
    ) -> Result<()> {
        println!("**{title}**\n");
        println!(
            "| {first} | {} |",
            strategies.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" | ")
        );
        println!("| --- |{}", " ---: |".repeat(strategies.len()));
        for line in lines {
            let line = line?;
            let report = self.report(&line, strategies)?;
            let cells: Vec<String> = report.strategies.iter().map(cell).collect();
            println!("| {} | {} |", line.title, cells.join(" | "));
        }
        println!();
        Ok(())
    }

    /// Runs the line, or reads what it came to before.
    fn report(&self, line: &Line, strategies: &[&str]) -> Result<Report> {
        let others = if *strategies == OTHERS { "-others" } else { "" };
        let file = self.folder.as_ref().map(|folder| folder.join(format!("{}{others}.json", line.name)));
        if let Some(file) = file.as_ref().filter(|file| file.exists()) {
            let part = Part::read(&file.display().to_string(), &fs::read(file)?)?;
            return match join(vec![part], false)? {
                Joined::Run(report) => Ok(report),
                Joined::Fill(_) => bail!("{}: expected a result of run", file.display()),
            };
        }
        let traffic = Traffic::new(&self.workload, &self.times, line.plan)?;
        let experiment_plan = Experiment {
            policies: strategies.iter().filter_map(|name| Choice::named(name)).collect(),
            seeds: (42..=46).collect(),
            shard: Shard::default(),
            node_timeline: false,
        };
        let jobs = std::thread::available_parallelism()?.get();
        let finished = experiment(&self.workload, &traffic, &experiment_plan, jobs, &|| true, &|_| {});
        let report = Report::of(&self.workload, &traffic, &experiment_plan, &finished);
        if let Some(file) = file {
            let unfinished = file.with_extension("unfinished");
            report.write_json(File::create(&unfinished)?)?;
            fs::rename(unfinished, file)?;
        }
        Ok(report)
    }
}

fn cell(strategy: &StrategyReport) -> String {
    let metrics = &strategy.metrics;
    let eight = metrics.waits_by_size.iter().find(|waits| waits.size == "8").map(|waits| waits.mean_s);
    let Spread { mean, sd } = eight.unwrap_or_default();
    format!(
        "{:.2}, {:.0}, {}, {mean:.0} ±{sd:.0}",
        metrics.allocation_pct.mean,
        metrics.blocked_pct.mean,
        seconds(metrics.waits.mean_s.mean),
    )
}

/// Whole where it is long.
fn seconds(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}
