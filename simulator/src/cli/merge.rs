//! `gpulse-sim merge`: the results of parts, joined.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::illustration::Illustration;
use super::printing::Printing;
use super::source::name;
use super::{Finding, complain};
use crate::merge::{Joined, Part, join};
use crate::output::{fill, run};

/// Join the results of parts of an experiment: the same bytes as if one machine had done all of it.
///
/// Parts are what `--shard i/n` left with `--output json`. All must be there, of the same version, tables and arguments.
/// A single result can be given too, to print it for somebody else.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  gpulse-sim merge part-1.json part-2.json part-3.json")]
pub(super) struct Arguments {
    /// Results in JSON, or folders: then all files in them that end in .json.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Join what there is where parts are missing: the result says that it is partial.
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    illustration: Illustration,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Finding> {
    arguments.printing.prepare()?;
    arguments.illustration.prepare()?;
    let joined = joined(&arguments.files, arguments.partial)?;
    match &joined {
        Joined::Fill(report) => {
            arguments.illustration.draw(report)?;
            arguments.printing.print(report)?;
        }
        Joined::Run(report) => {
            arguments.illustration.draw(report)?;
            arguments.printing.print(report)?;
        }
    }
    Ok(finding(&joined))
}

/// The result that these files and folders come to.
///
/// # Errors
/// Where one cannot be read, or they cannot be joined.
pub(super) fn joined(files: &[PathBuf], even_partial: bool) -> anyhow::Result<Joined> {
    Ok(join(read(files)?, even_partial)?)
}

/// Whether all runs were done; says so where they were not.
pub(super) fn finding(joined: &Joined) -> Finding {
    let (Joined::Fill(fill::Report { partial, .. }) | Joined::Run(run::Report { partial, .. })) = joined;
    if !partial {
        return Finding::Good;
    }
    complain("partial: not all runs were done");
    Finding::Negative
}

/// The results in these files and folders.
fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for file in files {
        for file in if file.is_dir() { results(file)? } else { vec![file.clone()] } {
            let text = fs::read(&file).with_context(|| format!("cannot read {}", name(&file)))?;
            parts.push(Part::read(&name(&file), &text)?);
        }
    }
    Ok(parts)
}

/// The results in a folder, by name.
fn results(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read the folder {}", name(folder));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let file = entry.with_context(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
