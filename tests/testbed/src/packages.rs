//! Debian's packages, for what is not built from source.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Finds a program, or installs Debian's package of that name where we are root.
///
/// # Errors
/// Says what to install where it is missing and we may not.
pub fn ensure_installed(program: &str) -> Result<()> {
    if is_installed(program)? {
        return Ok(());
    }
    let by_hand =
        format!("install {program} so that it is on the PATH (Debian, Ubuntu: apt-get install {program})");
    ensure!(rustix::process::geteuid().is_root(), "{program} is missing: {by_hand}");
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", program]] {
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .with_context(|| format!("{program} is missing and there is no apt-get: {by_hand}"))?;
        ensure!(status.success(), "apt-get {} failed ({status}): {by_hand}", arguments.join(" "));
    }
    ensure!(is_installed(program)?, "the package is installed, but `{program}` is not on the PATH");
    Ok(())
}

fn is_installed(program: &str) -> Result<bool> {
    let quiet = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match quiet {
        Ok(status) => Ok(status.success()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot start `{program}`")),
    }
}
