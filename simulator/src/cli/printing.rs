//! For whom a result is printed.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::output::Document;

/// How a command prints its result.
#[derive(Debug, Args)]
pub(super) struct Printing {
    /// Print for people (table), for programs (json) or for spreadsheets (csv).
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// Write the result into this file instead of stdout. It is there when it is whole, and not before.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    #[default]
    Table,
    Json,
    Csv,
}

/// That a file can be written, as far as its folder goes; `option` names it.
///
/// # Errors
/// Where it is a folder itself, or its folder is missing.
pub(super) fn writable(option: &str, file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    if file.is_dir() || !folder.is_dir() {
        bail!("{option}: found {}, expected a file in a folder that is there", file.display());
    }
    Ok(())
}

impl Printing {
    /// Says what would keep the file from being written, before hours of work.
    ///
    /// # Errors
    /// Where its folder is missing.
    pub(super) fn prepare(&self) -> anyhow::Result<()> {
        self.to.iter().try_for_each(|file| writable("--to", file))
    }

    /// Prints the result on stdout, or writes it into the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn print(&self, result: &impl Document) -> anyhow::Result<()> {
        let Some(file) = &self.to else {
            return self.write(result, std::io::stdout().lock()).context("the result cannot be written");
        };
        let mut unfinished = file.clone().into_os_string();
        unfinished.push(".unfinished");
        File::create(&unfinished)
            .and_then(|to| self.write(result, &to).and_then(|()| to.sync_all()))
            .and_then(|()| fs::rename(&unfinished, file))
            .with_context(|| format!("--to: the result cannot be written to {}", file.display()))
    }

    fn write(&self, result: &impl Document, to: impl Write) -> std::io::Result<()> {
        let mut to = BufWriter::new(to);
        match self.output {
            Output::Table => to.write_all(result.to_text().as_bytes()),
            Output::Json => result.write_json(&mut to),
            Output::Csv => result.write_csv(&mut to),
        }?;
        to.flush()
    }
}
