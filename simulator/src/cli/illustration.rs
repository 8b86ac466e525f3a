//! Where a result is drawn to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::printing::writable;
use crate::output::Illustrated;

/// The files that a command draws its result into.
#[derive(Debug, Args)]
pub(super) struct Illustration {
    /// Write a page with figures for people: one HTML file that needs no other and no network.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Write each figure of that page as an SVG file into this folder, which is made where there is none.
    #[arg(long, value_name = "FOLDER")]
    figures: Option<PathBuf>,
}

impl Illustration {
    /// Whether anything is to be drawn.
    pub(super) fn is_asked(&self) -> bool {
        self.report.is_some() || self.figures.is_some()
    }

    /// Says what would keep the files from being written, before hours of work.
    ///
    /// # Errors
    /// Where the folder of the page is missing or the figures' one cannot be made.
    pub(super) fn prepare(&self) -> anyhow::Result<()> {
        self.report.iter().try_for_each(|report| writable("--report", report))?;
        if let Some(folder) = &self.figures {
            fs::create_dir_all(folder)
                .with_context(|| format!("--figures: cannot make {}", folder.display()))?;
        }
        Ok(())
    }

    /// Draws what was asked for.
    ///
    /// # Errors
    /// Where a figure cannot be drawn or a file not be written.
    pub(super) fn draw(&self, result: &impl Illustrated) -> anyhow::Result<()> {
        if !self.is_asked() {
            return Ok(());
        }
        let page = result.page().context("the figures cannot be drawn")?;
        if let Some(report) = &self.report {
            write(report, &page.to_html(&command_line()))?;
        }
        if let Some(folder) = &self.figures {
            for (name, svg) in page.figures() {
                write(&folder.join(name), &svg)?;
            }
        }
        Ok(())
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

/// As a shell takes it.
fn command_line() -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    std::iter::once("gpulse-sim".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn quoted(argument: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./,:=%+@".contains(character);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_the_command_line_back() {
        let cases = [
            ("a/b.csv", "a/b.csv"),
            ("42..51", "42..51"),
            ("my pods", "'my pods'"),
            ("", "''"),
            ("it's", r"'it'\''s'"),
        ];
        cases.into_iter().for_each(|(argument, text)| assert_eq!(quoted(argument), text));
    }
}
