//! A directory for one component: its data, its configuration, its logs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Removed on drop; kept, and its place printed, where the thread panics (a failed test), so that logs can be read.
#[derive(Debug)]
pub struct Scratch {
    dir: Option<TempDir>,
    path: PathBuf,
}

impl Scratch {
    /// A new directory under `target/testbed/`.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn new(component: &str) -> Result<Self> {
        let parent = parent();
        std::fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let dir = tempfile::Builder::new()
            .prefix(&format!("{component}-{}-", std::process::id()))
            .tempdir_in(&parent)
            .with_context(|| format!("cannot make a directory in {}", parent.display()))?;
        Ok(Self { path: dir.path().to_path_buf(), dir: Some(dir) })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside the directory.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file inside the directory and gives its path.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    #[expect(clippy::print_stderr, reason = "a failed test must say where its logs are")]
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(dir) = self.dir.take()
        {
            eprintln!("logs are kept in {}", dir.keep().display());
        }
    }
}

/// Removes what processes left behind that are no more: logs of failed tests, data of runs that were killed.
///
/// # Errors
/// Where a directory is there and cannot be removed.
pub fn clean() -> Result<()> {
    let entries = match std::fs::read_dir(parent()) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("cannot read {}", parent().display()))?,
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let owner = name.rsplit('-').nth(1).unwrap_or_default();
        if !Path::new("/proc").join(owner).join("stat").exists() {
            std::fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn parent() -> PathBuf {
    crate::repository().join("target/testbed")
}
