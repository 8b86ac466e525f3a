//! A long run under changing conditions: what grows is found.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fake_nvml::{Gpu, Process, Scenario, Xid};
use procfs::process::Process as SystemProcess;
use testbed::Agent;

use crate::shell::{cargo, run as run_program, target};

/// What is soaked.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Subject {
    /// The agent, before a pretended NVML whose faults come and go, scraped each second.
    Agent {
        /// How long. What is held after a twelfth of it (5 minutes of an hour) is compared with the end.
        #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(3..))]
        minutes: u64,
        /// Build and run it optimized.
        #[arg(long)]
        release: bool,
    },
}

/// From a fault to the same again, in scrapes.
const CYCLE: u64 = 60;

/// What counts as flat: the allocator keeps a few pages more or less, and a scrape has its socket.
const MEMORY_KIB: u64 = 1024;
const DESCRIPTORS: u64 = 2;
const THREADS: u64 = 1;

/// What a process holds, at most in the cycle.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    memory_kib: u64,
    descriptors: u64,
    threads: u64,
}

/// The chore.
///
/// # Errors
/// Where something cannot be built or started, a scrape fails, or something has grown.
pub(crate) fn run(Subject::Agent { minutes, release }: &Subject) -> Result<()> {
    let profile: &[&str] = if *release { &["--release"] } else { &[] };
    let build = [&["build", "--package", "gpulse", "--bin", "gpulse"], profile].concat();
    run_program(cargo(&build), "install a Rust toolchain")?;
    let binary = target(if *release { "release/gpulse" } else { "debug/gpulse" });
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(soak(&binary, *minutes))
}

async fn soak(binary: &Path, minutes: u64) -> Result<()> {
    let mut agent = Agent::start(binary, "gpu-node-1", node(), &["--hang-after", "2s"]).await?;
    let process = SystemProcess::new(i32::try_from(agent.process().id())?)?;
    println!("the agent for {minutes} minutes, a scrape each second; at most in a minute:");
    println!("minute  resident KiB  descriptors  threads");
    let warm = (minutes / 12).max(1);
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    let (mut first, mut last) = (Held::default(), Held::default());
    for minute in 0..=minutes.max(warm + 1) {
        last = Held::default();
        for second in 0..CYCLE {
            ticks.tick().await;
            agent.change(|scenario| happens(scenario, minute, second))?;
            let page = agent.page().await?;
            ensure!(page.contains("gpulse_agent_info"), "no page of the agent's: {page}");
            last = last.most(Held::of(&process)?);
        }
        println!("{minute:6}  {:12}  {:11}  {:7}", last.memory_kib, last.descriptors, last.threads);
        if minute == warm {
            first = last;
        }
    }
    let grown = |now: u64, then: u64, most: u64, what: &str| {
        ensure!(now <= then + most, "{what}: {then} in minute {warm}, {now} at the end");
        Ok(())
    };
    grown(last.memory_kib, first.memory_kib, MEMORY_KIB, "resident KiB")?;
    grown(last.descriptors, first.descriptors, DESCRIPTORS, "descriptors")?;
    grown(last.threads, first.threads, THREADS, "threads")?;
    println!(
        "flat: since minute {warm} by no more than {MEMORY_KIB} KiB, {DESCRIPTORS} descriptors, {THREADS} thread"
    );
    Ok(())
}

fn node() -> Scenario {
    Scenario { gpus: vec![Gpu::default(); 8], ..Scenario::default() }
}

/// What befalls the node in this second of a cycle: one fault after the other, each with an end.
fn happens(scenario: &mut Scenario, cycle: u64, second: u64) {
    match second {
        // Processes end and others begin: none is ever seen again.
        0 => {
            let first = u32::try_from(1000 + cycle * 64).unwrap_or(u32::MAX - 64);
            for (index, gpu) in (0..).zip(&mut scenario.gpus) {
                let process = |number| Process {
                    pid: first + index * 8 + number,
                    memory_mib: 1000,
                    utilization: Some(number * 10),
                    instance: None,
                };
                gpu.processes = (0..4).map(process).collect();
            }
        }
        10 => scenario.gpus[1].lost = true,
        18 => scenario.gpus[1].lost = false,
        20 => scenario.xids.push(Xid { gpu: 2, code: [13, 31, 79][(cycle % 3) as usize] }),
        25 => scenario.gpus[3].hanging = vec!["nvmlDeviceGetPowerUsage".into()],
        35 => scenario.gpus[3].hanging.clear(),
        40 => scenario.driver_loaded = false,
        48 => scenario.driver_loaded = true,
        50 => scenario.hanging = vec!["nvmlEventSetWait_v2".into()],
        55 => scenario.hanging.clear(),
        _ => {}
    }
}

impl Held {
    fn of(process: &SystemProcess) -> Result<Self> {
        let status = process.status().context("the agent is gone")?;
        Ok(Self {
            memory_kib: status.vmrss.context("no VmRSS in the agent's status")?,
            descriptors: process.fd_count()? as u64,
            threads: status.threads,
        })
    }

    fn most(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(other.memory_kib),
            descriptors: self.descriptors.max(other.descriptors),
            threads: self.threads.max(other.threads),
        }
    }
}
