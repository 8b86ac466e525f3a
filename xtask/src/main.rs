//! The project's chores as code: `cargo xtask NAME`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore tells the terminal what it does")]

mod images;
mod manifests;
mod playground;
mod shell;
mod test;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Runs every check and test: what continuous integration runs.
    ///
    /// Builds or installs what the tests need (Kubernetes and etcd from Go modules, Debian's prometheus, two Python
    /// packages) and fails, saying what is missing, where it cannot. Nothing is skipped.
    Test(test::Options),
    /// A cluster to play with: the real control plane, Prometheus and gpulse, with pretended GPU nodes.
    ///
    /// Runs until Ctrl-C and leaves nothing behind.
    Playground(playground::Options),
    /// Builds kube-apiserver, kube-scheduler and etcd into target/controlplane.
    ControlPlane,
    /// Checks deploy/: renders the kustomize base and validates it against Kubernetes 1.34 and 1.37.
    Manifests,
    /// Builds the container image with buildah.
    Images {
        /// The image's name and tag.
        #[arg(long, default_value = concat!("gpulse:", env!("CARGO_PKG_VERSION")))]
        tag: String,
        /// Where to write the image as an OCI archive too.
        #[arg(long, value_name = "FILE")]
        archive: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Test(options) => test::run(&options),
        Chore::Playground(options) => playground::run(&options),
        Chore::ControlPlane => {
            println!("{}", testbed::binaries::Binaries::ensure()?.dir().display());
            Ok(())
        }
        Chore::Manifests => manifests::check(),
        Chore::Images { tag, archive } => images::build(&tag, archive.as_deref()),
    }
}
