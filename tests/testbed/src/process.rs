//! A child process that cannot outlive us.
//!
//! Each child leads a process group of its own, which is killed when the [`Process`] is dropped. Drop does not run when
//! this process is killed or leaves by Ctrl-C, so a second child keeps watch: a shell that reads from a pipe whose other
//! end only we hold. When we die, however that happens, the pipe closes and the shell kills the group.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long a process may take to leave after SIGTERM.
const GRACE: Duration = Duration::from_secs(30);

/// A running child process. Dropping it kills the whole process group.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    watch: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a process with its output appended to a log file.
    ///
    /// # Errors
    /// Where the program cannot be started or the log cannot be opened.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot open the log {}", log.display()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("cannot share the log")?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}: {program}"))?;
        let watch = Command::new("sh")
            .args(["-c", r#"read -r _; kill -s KILL -- "-$1""#, "watch", &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot start sh, which is to kill what we leave behind")?;
        Ok(Self { name: name.to_owned(), child, watch, log: log.to_path_buf() })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until `ready` says yes.
    ///
    /// # Errors
    /// Where the process ends, or is not ready within `within`; the message carries the end of its log.
    pub async fn wait_until(&mut self, within: Duration, ready: impl AsyncFn() -> bool) -> Result<()> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            if ready().await {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}) before it was ready{}", self.name, self.tail());
            }
            if tokio::time::Instant::now() >= deadline {
                bail!("{} is not ready after {within:?}{}", self.name, self.tail());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks the process to leave (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// Where it is still there after 30 s; it is killed then.
    pub async fn terminate(mut self) -> Result<ExitStatus> {
        signal(&self.child, Signal::TERM);
        let deadline = tokio::time::Instant::now() + GRACE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if tokio::time::Instant::now() >= deadline {
                bail!("{} did not leave within {GRACE:?} of SIGTERM{}", self.name, self.tail());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills the process without a word (SIGKILL) and waits until it is gone.
    pub fn kill(self) {
        drop(self);
    }

    /// How the process ended, or `None` while it runs.
    ///
    /// # Errors
    /// Where the operating system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// The last lines of the log, as the end of an error message.
    fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(15)..];
        format!("; its log {} ends:\n  {}", self.log.display(), last.join("\n  "))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for child in [&mut self.watch, &mut self.child] {
            signal(child, Signal::KILL);
            // The wait is short: nothing outlives SIGKILL. It fails only where the child was reaped before.
            let _reaped = child.wait();
        }
    }
}

fn signal(child: &Child, signal: Signal) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // Fails where the group is gone already, which is what a signal is sent for.
        let _gone = kill_process_group(group, signal);
    }
}
