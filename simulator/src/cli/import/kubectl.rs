//! From a real cluster.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::files::{write_snapshot, write_trace};
use crate::cli::complain;
use crate::cli::source::{Strictness, name, open};
use crate::cluster::GpuResources;
use crate::cluster::kubernetes::Reader;
use crate::import::{Chosen, from_list};
use crate::input::{InputError, is_json};

/// Make a snapshot and a trace from a real cluster.
///
/// Bound pods are in the snapshot, pods that wait in the trace. No pod is in both.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kubectl get nodes,pods --all-namespaces --output json > cluster.json
  gpulse-sim import kubectl cluster.json --snapshot cluster.snapshot.json --trace pods.jsonl
  gpulse-sim place --nodes cluster.snapshot.json --pods pods.jsonl --strategy binpack")]
pub(super) struct Arguments {
    /// The JSON, - for stdin.
    #[arg(value_name = "FILE")]
    list: PathBuf,
    /// Write the nodes and the pods that hold room on them here, - for stdout.
    #[arg(long, value_name = "FILE", required_unless_present = "trace")]
    snapshot: Option<PathBuf>,
    /// Write pods here, - for stdout.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Which pods the trace gets: those that wait, or all, with the times at which they came and how long they ran.
    #[arg(long, value_enum, default_value_t, requires = "trace")]
    trace_of: TraceOf,
    /// A resource that counts as a GPU beside NVIDIA's and AMD's, as gpulse's gpuResources has it; may be repeated.
    #[arg(long, value_name = "NAME")]
    gpu_resource: Vec<String>,
    /// A node label to keep, as gpulse keeps those that a profile's affinity names; may be repeated.
    #[arg(long, value_name = "KEY")]
    keep_label: Vec<String>,
    #[command(flatten)]
    strictness: Strictness,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum TraceOf {
    #[default]
    Waiting,
    All,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (file, mut source) = (name(&arguments.list), open(&arguments.list)?);
    // Takes a byte order mark away; what is no JSON is told below.
    is_json(&file, &mut source)?;
    let mut json = Vec::new();
    source.read_to_end(&mut json).map_err(|cause| InputError::Unreadable { file: file.clone(), cause })?;
    let reader = Reader {
        gpu_resources: GpuResources::with_others(&arguments.gpu_resource),
        kept_labels: arguments.keep_label.iter().cloned().collect::<BTreeSet<_>>(),
    };
    let chosen = match (&arguments.trace, arguments.trace_of) {
        (None, _) => Chosen::None,
        (Some(_), TraceOf::Waiting) => Chosen::Waiting,
        (Some(_), TraceOf::All) => Chosen::All,
    };
    let imported = from_list(&json, &reader, chosen).map_err(|error| anyhow!("{file}: {error}"))?;
    let named = |lines: &[String]| lines.iter().map(|line| format!("{file}: {line}")).collect::<Vec<_>>();
    arguments.strictness.judge(&named(&imported.doubts))?;
    named(&imported.notes).iter().for_each(|note| complain(note));
    if let Some(path) = &arguments.snapshot {
        write_snapshot(path, &imported.snapshot)?;
    }
    if let Some(path) = &arguments.trace {
        write_trace(path, &imported.trace)?;
    }
    Ok(())
}
