//! `gpulse-sim plan copies`.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::{Filled, Placing, asks};
use crate::cli::Finding;
use crate::cli::printing::Printing;
use crate::cli::source::{name, open};
use crate::cluster::kubernetes::{Pod, Reader, pod_of_manifest};
use crate::cluster::{GpuDemand, Mib, MilliCpu, MilliGpu, ModelPattern, PodKey, PodRequest};
use crate::output::plan::CopiesReport;
use crate::plan::copies;
use crate::workload::GPU;

/// How many more copies of a pod fit, and what stops the next one?
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gpulse-sim plan copies --nodes cluster.json --pod pod.yaml
  gpulse-sim plan copies --nodes nodes.csv --pods pods.csv --arrive 0.8 --gpus 8 --cpu 64")]
pub(super) struct Arguments {
    #[command(flatten)]
    filled: Filled,
    /// The pod: a manifest of a Pod or of a workload with a pod template, YAML or JSON; - for stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["gpus", "share", "cpu", "memory_mib", "model"])]
    pod: Option<PathBuf>,
    /// Or in numbers: its GPUs (nvidia.com/gpu).
    #[arg(long, value_name = "N", required_unless_present = "pod")]
    gpus: Option<u32>,
    /// How much of each, in thousandths.
    #[arg(long, value_name = "MILLI", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1000))]
    share: u64,
    /// Its CPUs.
    #[arg(long, value_name = "CPUS", default_value_t = 0)]
    cpu: u32,
    /// Its memory in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 0)]
    memory_mib: u64,
    /// A GPU model that it accepts; several times for several.
    #[arg(long, value_name = "MODEL")]
    model: Vec<String>,
    #[command(flatten)]
    placing: Placing,
    #[command(flatten)]
    printing: Printing,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    let pod = pod(arguments)?;
    arguments.printing.prepare()?;
    let strategies = arguments.placing.strategies()?;
    let workload = arguments.filled.load()?;
    let placing = &arguments.placing;
    let found = placing.ask(&strategies, &arguments.filled, &workload, |settled| copies(settled, &pod));
    let found = found.into_iter().map(|(strategy, copies)| Some((strategy, copies?)));
    let Some(found) = found.collect::<Option<Vec<_>>>() else {
        bail!(
            "the pod asks for nothing, so that there is no end to its copies: expected GPUs, CPU or memory"
        );
    };
    arguments.printing.print(&CopiesReport::of(&workload, &asks(&pod), &placing.seeds.0, &found))?;
    Ok(Finding::Good)
}

fn pod(arguments: &Arguments) -> anyhow::Result<PodRequest> {
    if let Some(file) = &arguments.pod {
        return manifest(file);
    }
    let pattern = |name: &String| {
        ModelPattern::new(name)
            .with_context(|| format!("--model: found {name:?}, expected a GPU model such as H100"))
    };
    let demand = |count: u32| GpuDemand { resource: GPU.into(), count, share: MilliGpu(arguments.share) };
    Ok(PodRequest {
        key: PodKey::new("plan", "copy"),
        uid: "".into(),
        owner: None,
        priority: 0,
        cpu: MilliCpu(u64::from(arguments.cpu) * 1000),
        memory: Mib(arguments.memory_mib),
        gpus: arguments.gpus.filter(|gpus| *gpus > 0).map(demand).into_iter().collect(),
        models: arguments.model.iter().map(pattern).collect::<anyhow::Result<_>>()?,
        min_gpu_memory: None,
        profile: None,
    })
}

fn manifest(file: &Path) -> anyhow::Result<PodRequest> {
    let called = name(file);
    let mut text = String::new();
    open(file)?.read_to_string(&mut text).with_context(|| called.clone())?;
    let pod: Pod =
        serde_json::from_value(pod_of_manifest(&text, &called)?).with_context(|| called.clone())?;
    Reader::default().pod(&pod).with_context(|| called)
}
