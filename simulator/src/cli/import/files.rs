//! The files that an import writes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use crate::cli::complain;
use crate::cli::source::{is_stdin, name};
use crate::cluster::Snapshot;
use crate::input::{TracePod, TraceWriter};

/// Writes a snapshot, and says what is in it.
pub(super) fn write_snapshot(path: &Path, snapshot: &Snapshot) -> anyhow::Result<()> {
    write(path, |mut to| {
        snapshot.save(&mut to)?;
        writeln!(to)
    })?;
    let pods: usize = snapshot.nodes().map(|node| node.pods().len()).sum();
    let with_gpus = snapshot.nodes().filter(|node| node.pools().next().is_some()).count();
    let nodes = snapshot.node_count();
    complain(&format!(
        "{}: {nodes} nodes, {with_gpus} of them with GPUs, and {pods} pods on them",
        out(path)
    ));
    Ok(())
}

/// Writes a trace, and says what is in it.
pub(super) fn write_trace(path: &Path, pods: &[TracePod]) -> anyhow::Result<()> {
    write(path, |to| {
        let mut trace = TraceWriter::new(to)?;
        pods.iter().try_for_each(|pod| trace.pod(pod))?;
        trace.finish()
    })?;
    let timed = pods.iter().filter(|pod| pod.times().is_some()).count();
    let with_gpus = pods.iter().filter(|pod| !pod.request.gpus.is_empty()).count();
    let text = format!("{} pods, {with_gpus} of them with GPUs, {timed} with cameMs and lifeMs", pods.len());
    complain(&format!("{}: {text}", out(path)));
    Ok(())
}

fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> anyhow::Result<()> {
    let mut to: BufWriter<Box<dyn Write>> = BufWriter::new(match is_stdin(path) {
        true => Box::new(std::io::stdout().lock()),
        false => {
            Box::new(File::create(path).with_context(|| format!("{} cannot be written", path.display()))?)
        }
    });
    content(&mut to).and_then(|()| to.flush()).with_context(|| format!("{} cannot be written", out(path)))
}

fn out(path: &Path) -> String {
    if is_stdin(path) { "stdout".into() } else { name(path) }
}
