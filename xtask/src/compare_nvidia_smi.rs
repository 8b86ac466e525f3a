//! The agent's readings beside those of nvidia-smi, on a machine with an NVIDIA GPU.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::shell::{cargo, exists, output, program, run as run_program, target};

/// How to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A program that loads the GPUs, as a shell would start it; without one they are compared as they are.
    #[arg(long, value_name = "COMMAND")]
    load: Option<String>,
    /// Pairs of readings of each phase.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pairs: u32,
}

/// A quantity: nvidia-smi's name for it, the agent's, from the agent's unit to the other, and how far two readings of one
/// moment may lie apart. Utilization and power are averages over windows of their own: they are shown and not judged.
struct Quantity {
    theirs: &'static str,
    ours: &'static str,
    per: f64,
    apart: Option<f64>,
}

const QUANTITIES: [Quantity; 6] = [
    Quantity { theirs: "memory.total", ours: "memoryTotalBytes", per: 1_048_576.0, apart: Some(1.0) },
    Quantity { theirs: "memory.used", ours: "memoryUsedBytes", per: 1_048_576.0, apart: Some(64.0) },
    Quantity { theirs: "temperature.gpu", ours: "temperatureCelsius", per: 1.0, apart: Some(3.0) },
    Quantity { theirs: "power.limit", ours: "powerLimitMilliwatts", per: 1000.0, apart: Some(1.0) },
    Quantity { theirs: "power.draw", ours: "powerMilliwatts", per: 1000.0, apart: None },
    Quantity { theirs: "utilization.gpu", ours: "gpuUtilPercent", per: 1.0, apart: None },
];

/// The program that loads the GPUs; it ends with us.
struct Load(Child);

impl Drop for Load {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The chore.
///
/// # Errors
/// Where the two disagree, or something cannot be built or started.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !exists("nvidia-smi") {
        println!("there is no nvidia-smi here, so no NVIDIA GPU: nothing was compared");
        return Ok(());
    }
    run_program(cargo(&["build", "--package", "gpulse", "--bin", "gpulse"]), "install a Rust toolchain")?;
    compare("as they are", options.pairs)?;
    if let Some(load) = &options.load {
        let child = Command::new("sh").args(["-c", &format!("exec {load}")]).stdin(Stdio::null()).spawn();
        let mut load = Load(child.context("cannot start the load")?);
        std::thread::sleep(Duration::from_secs(5));
        ensure!(load.0.try_wait()?.is_none(), "the load has ended within five seconds");
        compare("under load", options.pairs)?;
    }
    Ok(())
}

/// One phase: the largest distance of each quantity, of all GPUs and pairs.
fn compare(phase: &str, pairs: u32) -> Result<()> {
    let mut rows = QUANTITIES.map(|quantity| (quantity, 0.0_f64, None));
    for _ in 0..pairs {
        let (theirs, ours) = (nvidia_smi()?, agent()?);
        ensure!(!theirs.is_empty(), "nvidia-smi names no GPU");
        for (uuid, values) in &theirs {
            let gpu = ours.iter().find(|gpu| gpu["identity"]["uuid"] == uuid.as_str());
            let gpu = gpu.with_context(|| format!("the agent does not know {uuid}"))?;
            for ((quantity, farthest, last), theirs) in rows.iter_mut().zip(values) {
                let ours = gpu["figures"][quantity.ours].as_f64().map(|value| value / quantity.per);
                if let (Some(theirs), Some(ours)) = (theirs, ours) {
                    *farthest = farthest.max((theirs - ours).abs());
                    *last = Some((*theirs, ours));
                }
            }
        }
    }
    println!(
        "\n{phase}, {pairs} pairs of readings\n{:18} {:>12} {:>12} {:>10}",
        "", "nvidia-smi", "agent", "farthest"
    );
    ensure!(rows.iter().any(|(_, _, last)| last.is_some()), "{phase}: the two have no quantity in common");
    let mut bad = Vec::new();
    for (quantity, farthest, last) in rows {
        match last {
            None => println!("{:18} {:>12}", quantity.theirs, "not measured by both"),
            Some((theirs, ours)) => {
                println!("{:18} {theirs:12.1} {ours:12.1} {farthest:10.1}", quantity.theirs);
                if quantity.apart.is_some_and(|apart| farthest > apart) {
                    bad.push(quantity.theirs);
                }
            }
        }
    }
    ensure!(bad.is_empty(), "{phase}: too far apart: {}", bad.join(", "));
    Ok(())
}

/// By UUID, the quantities in their order; `None` for what the GPU does not have.
fn nvidia_smi() -> Result<Vec<(String, Vec<Option<f64>>)>> {
    let names = QUANTITIES.map(|quantity| quantity.theirs).join(",");
    let mut query = program("nvidia-smi");
    query.args([&format!("--query-gpu=uuid,{names}"), "--format=csv,noheader,nounits"]);
    let text = output(query)?;
    let row = |line: &str| {
        let mut words = line.split(", ");
        let uuid = words.next().unwrap_or_default().to_owned();
        (uuid, words.map(|word| word.trim().parse().ok()).collect())
    };
    Ok(text.lines().map(row).collect())
}

/// The GPUs as `gpulse agent --once --output json` has them.
fn agent() -> Result<Vec<Value>> {
    let mut once = program(target("debug/gpulse"));
    once.args(["agent", "--once", "--output", "json", "--pod-resources-socket", ""]);
    let overview: Value = serde_json::from_str(&output(once)?).context("the agent printed no JSON")?;
    let gpus = overview["reading"]["gpus"].as_array().cloned();
    gpus.context("the agent's JSON has no list of GPUs")
}
