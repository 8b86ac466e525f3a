//! The project's chores as code: `cargo xtask NAME`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore tells the terminal what it does")]

mod compare_nvidia_smi;
mod images;
mod manifests;
mod playground;
mod protocols;
mod shell;
mod soak;
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
    /// Runs a program for an hour under changing conditions and fails where memory, descriptors or threads have grown.
    #[command(subcommand)]
    Soak(soak::Subject),
    /// Compares the agent's readings with nvidia-smi's; says so where there is no NVIDIA GPU.
    CompareNvidiaSmi(compare_nvidia_smi::Options),
    /// Builds kube-apiserver, kube-scheduler and etcd into target/controlplane.
    ControlPlane,
    /// Checks deploy/: renders each kustomization and validates it against Kubernetes 1.34 and 1.37.
    Manifests,
    /// Makes Rust of the `.proto` files; what is committed is checked by `cargo xtask test format`.
    Protocols,
    /// Builds a container image with buildah.
    Images {
        /// Of which program.
        #[arg(value_enum, default_value = "gpulse")]
        image: images::Image,
        /// The image's name and tag; those of the program and its version where it is not given.
        #[arg(long)]
        tag: Option<String>,
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
        Chore::Soak(subject) => soak::run(&subject),
        Chore::CompareNvidiaSmi(options) => compare_nvidia_smi::run(&options),
        Chore::ControlPlane => {
            println!("{}", testbed::binaries::Binaries::ensure()?.dir().display());
            Ok(())
        }
        Chore::Manifests => manifests::check(),
        Chore::Protocols => protocols::write(),
        Chore::Images { image, tag, archive } => images::build(image, tag.as_deref(), archive.as_deref()),
    }
}
