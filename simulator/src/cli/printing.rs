//! For whom a result is printed.

use std::io::{BufWriter, StdoutLock, Write};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::output::Document;

/// How a command prints its result.
#[derive(Debug, Args)]
pub(super) struct Printing {
    /// Print for people (table), for programs (json) or for spreadsheets (csv).
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    #[default]
    Table,
    Json,
    Csv,
}

impl Printing {
    /// Prints the result on stdout.
    ///
    /// # Errors
    /// Where stdout cannot be written.
    pub(super) fn print(&self, result: &impl Document) -> anyhow::Result<()> {
        let mut stdout: BufWriter<StdoutLock<'_>> = BufWriter::new(std::io::stdout().lock());
        match self.output {
            Output::Table => stdout.write_all(result.to_text().as_bytes()),
            Output::Json => result.write_json(&mut stdout),
            Output::Csv => result.write_csv(&mut stdout),
        }
        .and_then(|()| stdout.flush())
        .context("the result cannot be written")
    }
}
