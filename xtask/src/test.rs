//! The test command: every check and test, one after the other.

use anyhow::{Context, Result};
use clap::ValueEnum;
use testbed::binaries::Binaries;
use tokio::time::Instant;

use crate::shell::{cargo, exists, line};
use crate::{manifests, protocols};

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these steps, in the order given; all of them where none is named.
    #[arg(value_name = "STEP")]
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The code is formatted, and what is generated is what would be generated.
    Format,
    /// clippy has nothing to say, nor has cargo-deny where it is installed.
    Lint,
    /// The core builds without any edge: no runtime, socket, clock or environment.
    Core,
    /// Unit tests, integration tests, documentation examples; each benchmark once.
    Unit,
    /// The documentation builds without a warning.
    Docs,
    /// The manifests in deploy/ are what Kubernetes accepts.
    Manifests,
    /// kube-apiserver, kube-scheduler, kubelet, etcd, Prometheus and containerd are there, or are built and installed.
    Prepare,
    /// End to end, with all of the real programs.
    E2e,
}

/// Runs the steps and prints the time that each took.
///
/// # Errors
/// At the first step that fails.
fn run_steps(steps: &[Step]) -> Result<()> {
    let mut report = Vec::new();
    for step in steps {
        let name = step.name();
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = step.run();
        let seconds = started.elapsed().as_secs_f64();
        report.push(format!("{:4} {name:10} {seconds:7.1} s", if outcome.is_ok() { "ok" } else { "FAIL" }));
        if outcome.is_err() {
            println!("\n{}", report.join("\n"));
            return outcome.with_context(|| format!("step {name} failed; again: cargo xtask test {name}"));
        }
    }
    println!("\n{}", report.join("\n"));
    Ok(())
}

/// The chore.
///
/// # Errors
/// At the first step that fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.steps.is_empty() { run_steps(Step::value_variants()) } else { run_steps(&options.steps) }
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self) -> Result<()> {
        match self {
            Self::Format => {
                protocols::check()?;
                run_cargo(&["fmt", "--all", "--check"])
            }
            Self::Lint => lint(),
            Self::Core => {
                run_cargo(&["check", "--package", "gpulse", "--lib", "--no-default-features", "--locked"])
            }
            Self::Unit => {
                run_cargo(&[
                    "test",
                    "--workspace",
                    "--locked",
                    "--lib",
                    "--bins",
                    "--benches",
                    "--test",
                    "it",
                ])?;
                run_cargo(&["test", "--workspace", "--locked", "--doc"])
            }
            Self::Docs => {
                let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
                doc.env("RUSTDOCFLAGS", "-D warnings");
                run_announced(doc)
            }
            Self::Manifests => manifests::check(),
            Self::Prepare => {
                testbed::scratch::clean()?;
                Binaries::ensure()?;
                testbed::prometheus::ensure_installed()?;
                testbed::node::ensure_installed()
            }
            // The whole workspace, so that nothing is built again for another choice of features. Four at a time: these
            // tests mostly wait, for a minute without a retry or for a sample to expire.
            Self::E2e => {
                // Cargo builds the programs of a test's own package only, and these tests run the simulator as well.
                run_cargo(&["build", "--workspace", "--locked", "--bin", "gpulse-sim"])?;
                let targets = ["--test", "smoke", "--test", "e2e", "--", "--test-threads", "4"];
                run_cargo(&[&["test", "--workspace", "--locked"], &targets[..]].concat())
            }
        }
    }
}

fn lint() -> Result<()> {
    run_cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    if exists("cargo-deny") {
        return run_cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]);
    }
    println!("cargo-deny is not installed: deny.toml (licences, banned crates, sources) is not checked");
    Ok(())
}

fn run_cargo(arguments: &[&str]) -> Result<()> {
    run_announced(cargo(arguments))
}

fn run_announced(command: std::process::Command) -> Result<()> {
    println!("$ {}", line(&command));
    crate::shell::run(command, "install a Rust toolchain with clippy and rustfmt")
}
