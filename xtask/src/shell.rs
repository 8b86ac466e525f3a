//! Programs, run in the repository's root.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// A program to run in the repository's root, with nothing to read from.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(testbed::repository()).stdin(Stdio::null());
    command
}

/// `cargo` with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = program("cargo");
    command.args(arguments);
    command
}

/// Runs a program to its end. `missing` says what to install where there is no such program.
///
/// # Errors
/// Where it is missing or fails.
pub(crate) fn run(mut command: Command, missing: &str) -> Result<()> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("{} failed ({status})", line(&command)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("{} is missing: {missing}", command.get_program().display())
        }
        Err(error) => Err(error).with_context(|| format!("cannot start {}", line(&command))),
    }
}

/// What a program prints.
///
/// # Errors
/// Where it cannot be started or fails.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", line(&command)))?;
    ensure!(output.status.success(), "{} failed ({})", line(&command), output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no text", line(&command)))
}

/// Whether a program of this name can be started.
pub(crate) fn exists(name: &str) -> bool {
    program(name).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// The command line, as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A path under `target/`.
pub(crate) fn target(name: &str) -> PathBuf {
    testbed::repository().join("target").join(name)
}
