//! The recorded cluster: real shapes, real utilization, and a situation of our making (see `data/NOTICE`).

use anyhow::{Context, bail};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::cluster::PerMille;

const NODES: &str = include_str!("data/nodes.csv");
const UTILIZATION: &str = include_str!("data/utilization.csv");

/// Everything that is recorded.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) nodes: Vec<RecordedNode>,
    training: Quantiles,
    inference: Quantiles,
    seed: u64,
}

/// A node of the recorded cluster.
#[derive(Debug, Clone)]
pub(super) struct RecordedNode {
    pub(super) name: String,
    pub(super) cpu_milli: u64,
    pub(super) memory_mib: u64,
    pub(super) gpus: usize,
    pub(super) product: String,
    pub(super) gpu_memory_mib: u64,
    /// How many pods may share one GPU.
    pub(super) shares: usize,
    /// Units (GPUs, or shares of them) that pods hold when the demo starts.
    pub(super) taken: usize,
    /// GPUs that somebody uses without having asked Kubernetes.
    pub(super) outside: usize,
    pub(super) trouble: Trouble,
}

/// What is wrong with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    /// Nothing is measured.
    Dark,
    /// The first GPU's last XID error is this one.
    Xid(u32),
}

/// Utilization at each percentile, 0 to 100.
#[derive(Debug)]
struct Quantiles(Vec<PerMille>);

impl Recording {
    /// Reads what is embedded in the program. All draws follow from `seed`.
    pub(super) fn embedded(seed: u64) -> anyhow::Result<Self> {
        let nodes: anyhow::Result<Vec<_>> = NODES.lines().skip(1).map(node).collect();
        Ok(Self {
            nodes: nodes.context("embedded nodes.csv")?,
            training: quantiles(1).context("embedded utilization.csv")?,
            inference: quantiles(2).context("embedded utilization.csv")?,
            seed,
        })
    }

    /// What a training pod of this name does to its GPU.
    pub(super) fn training_load(&self, name: &str) -> PerMille {
        self.training.at(self.draw(name) % 101)
    }

    /// What an inference pod of this name does to the GPU it shares.
    pub(super) fn inference_load(&self, name: &str) -> PerMille {
        self.inference.at(self.draw(name) % 101)
    }

    /// What somebody outside Kubernetes does to a GPU: the busy half of the recorded training jobs.
    pub(super) fn outside_load(&self, name: &str) -> PerMille {
        self.training.at(55 + self.draw(name) % 46)
    }

    /// A number drawn for a name: the same for the same seed and name.
    pub(super) fn draw(&self, name: &str) -> u64 {
        xxh3_64_with_seed(name.as_bytes(), self.seed)
    }
}

impl Quantiles {
    fn at(&self, percentile: u64) -> PerMille {
        self.0.get(percentile as usize).copied().unwrap_or_default()
    }
}

fn quantiles(column: usize) -> anyhow::Result<Quantiles> {
    let values = UTILIZATION.lines().skip(1).map(|line| {
        let percent: f64 = line.split(',').nth(column).context("a column is missing")?.parse()?;
        PerMille::from_ratio(percent / 100.0).context("a value is NaN")
    });
    values.collect::<anyhow::Result<Vec<_>>>().map(Quantiles)
}

fn node(line: &str) -> anyhow::Result<RecordedNode> {
    let fields: Vec<&str> = line.split(',').collect();
    let &[name, _, cpu, memory, gpus, product, gpu_memory, shares, taken, outside, trouble] =
        fields.as_slice()
    else {
        bail!("expected 11 columns, found {} in {line:?}", fields.len());
    };
    Ok(RecordedNode {
        name: name.into(),
        cpu_milli: cpu.parse()?,
        memory_mib: memory.parse()?,
        gpus: gpus.parse()?,
        product: product.into(),
        gpu_memory_mib: gpu_memory.parse()?,
        shares: shares.parse()?,
        taken: taken.parse()?,
        outside: outside.parse()?,
        trouble: match trouble.split_once('-') {
            None if trouble.is_empty() => Trouble::None,
            None if trouble == "dark" => Trouble::Dark,
            Some(("xid", number)) => Trouble::Xid(number.parse()?),
            _ => bail!("unknown trouble {trouble:?}"),
        },
    })
}
