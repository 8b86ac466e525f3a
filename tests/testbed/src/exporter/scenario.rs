//! What the pretended GPU nodes are and do: a struct in tests, a YAML file in the playground.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

/// All nodes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Scenario {
    /// One entry for each node.
    pub nodes: Vec<NodeScenario>,
}

/// One node with GPUs of one kind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NodeScenario {
    /// The node's name.
    pub name: String,
    /// How many GPUs it has.
    pub gpus: u32,
    /// The model as in the label `nvidia.com/gpu.product`.
    #[serde(default = "default_model")]
    pub model: String,
    /// Framebuffer memory of each GPU, in MiB.
    #[serde(default = "default_memory_mib")]
    pub memory_mib: u32,
    /// Utilization of each GPU, in percent.
    #[serde(default)]
    pub utilization: Load,
    /// Framebuffer memory in use on each GPU, in MiB.
    #[serde(default)]
    pub memory_used_mib: Load,
    /// Which utilization metrics there are.
    #[serde(default = "default_signals")]
    pub signals: Vec<Signal>,
    /// Metric names and units.
    #[serde(default)]
    pub dialect: Dialect,
    /// Which label carries the node's name; empty for none.
    #[serde(default = "default_node_label")]
    pub node_label: String,
    /// The last XID error of some GPUs.
    #[serde(default)]
    pub xids: Vec<Xid>,
    /// Pods that hold GPUs.
    #[serde(default)]
    pub holders: Vec<Holder>,
    /// Whether the exporter on this node answers nothing.
    #[serde(default)]
    pub dark: bool,
    /// Text served instead of all of the above, for tests of odd input.
    #[serde(default)]
    pub verbatim: Option<String>,
}

/// A value for each GPU of a node.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Load {
    /// The same for all GPUs.
    Constant(f64),
    /// One for each GPU, by index; GPUs beyond the list have none.
    PerGpu(Vec<f64>),
    /// A wave between two values, the same for all GPUs.
    Wave(Wave),
}

/// A sine wave.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Wave {
    /// The lowest value.
    pub low: f64,
    /// The highest value.
    pub high: f64,
    /// From one peak to the next, in seconds.
    pub period_seconds: f64,
}

/// A utilization metric of dcgm-exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Signal {
    /// `DCGM_FI_PROF_SM_ACTIVE`; not exported by default.
    SmActive,
    /// `DCGM_FI_PROF_GR_ENGINE_ACTIVE`.
    GrEngineActive,
    /// `DCGM_FI_DEV_GPU_UTIL`.
    GpuUtil,
}

/// A generation of dcgm-exporter's metric names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Dialect {
    /// Up to 4.8: percent and MiB.
    #[default]
    #[serde(rename = "dcgm-4.8")]
    Dcgm48,
    /// From 4.9: ratios and bytes.
    #[serde(rename = "dcgm-4.9")]
    Dcgm49,
}

/// An XID error of one GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Xid {
    /// The GPU's index.
    pub gpu: u32,
    /// The error's number.
    pub code: u32,
}

/// A pod that holds a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Holder {
    /// The GPU's index.
    pub gpu: u32,
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
}

fn default_model() -> String {
    "NVIDIA-A100-SXM4-80GB".into()
}

fn default_memory_mib() -> u32 {
    81_920
}

fn default_signals() -> Vec<Signal> {
    vec![Signal::GrEngineActive, Signal::GpuUtil]
}

fn default_node_label() -> String {
    "Hostname".into()
}

impl Default for Load {
    fn default() -> Self {
        Self::Constant(0.0)
    }
}

impl From<f64> for Load {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

impl From<Vec<f64>> for Load {
    fn from(values: Vec<f64>) -> Self {
        Self::PerGpu(values)
    }
}

impl Load {
    /// The value for one GPU, `elapsed` after the start, or `None` where that GPU has none.
    #[must_use]
    pub fn at(&self, gpu: u32, elapsed: Duration) -> Option<f64> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::PerGpu(values) => values.get(gpu as usize).copied(),
            Self::Wave(wave) => {
                let phase = std::f64::consts::TAU * elapsed.as_secs_f64() / wave.period_seconds.max(0.001);
                Some(wave.low + (wave.high - wave.low) * (1.0 - phase.cos()) / 2.0)
            }
        }
    }
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// Where it cannot be read, or has an unknown key.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_saphyr::from_str(&text).with_context(|| format!("cannot read the scenario {}", path.display()))
    }

    /// One of these nodes.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&NodeScenario> {
        self.nodes.iter().find(|node| node.name == name)
    }
}

impl FromIterator<NodeScenario> for Scenario {
    fn from_iter<I: IntoIterator<Item = NodeScenario>>(nodes: I) -> Self {
        Self { nodes: nodes.into_iter().collect() }
    }
}

impl NodeScenario {
    /// A node of idle A100s; change its fields at will.
    #[must_use]
    pub fn new(name: &str, gpus: u32) -> Self {
        Self {
            name: name.to_owned(),
            gpus,
            model: default_model(),
            memory_mib: default_memory_mib(),
            utilization: Load::default(),
            memory_used_mib: Load::default(),
            signals: default_signals(),
            dialect: Dialect::default(),
            node_label: default_node_label(),
            xids: Vec::new(),
            holders: Vec::new(),
            dark: false,
            verbatim: None,
        }
    }

    /// The same with another utilization, in percent.
    #[must_use]
    pub fn utilization(mut self, percent: impl Into<Load>) -> Self {
        self.utilization = percent.into();
        self
    }
}
