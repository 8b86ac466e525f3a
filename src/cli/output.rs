//! How results are written.

use std::io::Write;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

/// For whom results are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Writes text to stdout, with colour only where a terminal shows it and nobody objects (`NO_COLOR`).
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Writes a value to stdout as JSON.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    print(&text)
}

/// An age in words, coarser the older it is.
pub(super) fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// Styles of text: few, and none that carries meaning alone.
pub(super) mod style {
    use anstyle::{AnsiColor, Style};

    /// Headings.
    pub(in crate::cli) const TITLE: Style = Style::new().bold();
    /// What is as it should be.
    pub(in crate::cli) const GOOD: Style = AnsiColor::Green.on_default();
    /// What is not.
    pub(in crate::cli) const BAD: Style = AnsiColor::Red.on_default();
    /// What may be overlooked.
    pub(in crate::cli) const QUIET: Style = Style::new().dimmed();
}
