//! The program as a person meets it: the real binary, its output and its exit codes.

mod config;
mod demo;
mod explain;
mod serve;
mod snapshot;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The binary.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse"));
    // What the tests see must not depend on who runs them.
    for variable in ["GPULSE_CONFIG", "GPULSE_LOG_FORMAT", "GPULSE_LOG_LEVEL", "HTTP_PROXY", "http_proxy"] {
        command.env_remove(variable);
    }
    command
}

/// What a run left behind.
#[derive(Debug)]
struct Run {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

impl Run {
    /// The standard output of a run that ended well.
    fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }
}

/// Runs the binary to its end, with `input` on stdin.
fn run_with(arguments: &[&str], input: &str) -> Run {
    let mut piped = program()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its stdin is as good as one that does.
    let _ = piped.stdin.take().unwrap().write_all(input.as_bytes());
    let output = piped.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
}

/// Runs the binary to its end.
fn run(arguments: &[&str]) -> Run {
    run_with(arguments, "")
}

/// A folder that is gone after the test.
fn folder() -> TempDir {
    TempDir::new().unwrap()
}

/// Writes a file into the folder.
fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
