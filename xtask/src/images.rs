//! The container images.

use std::path::Path;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::shell::{exists, program, run};

const INSTALL: &str = "install it (Debian, Ubuntu: apt-get install buildah)";

/// A program that has an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Image {
    /// The extender.
    Gpulse,
    /// The same program for GPU nodes: it can load the driver's library.
    GpulseAgent,
    /// The simulator.
    GpulseSim,
}

impl Image {
    /// Its name, and the target in the Containerfile.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Gpulse => ("gpulse", "gpulse"),
            Self::GpulseAgent => ("gpulse-agent", "agent"),
            Self::GpulseSim => ("gpulse-sim", "simulator"),
        }
    }
}

/// Builds an image from `deploy/images/Containerfile`; without a tag, of the program's name and version.
///
/// # Errors
/// Where buildah is missing or the build fails.
pub(crate) fn build(image: Image, tag: Option<&str>, archive: Option<&Path>) -> Result<()> {
    let (name, target) = image.names();
    let usual = format!("{name}:{}", env!("CARGO_PKG_VERSION"));
    let tag = tag.unwrap_or(&usual);
    ensure!(exists("buildah"), "buildah is missing, which builds images without a daemon: {INSTALL}");
    let mut build = program("buildah");
    // The same sources give the same image.
    build.args(["build", "--timestamp", "0", "--file", "deploy/images/Containerfile"]);
    build.args(["--target", target, "--tag", tag, "."]);
    run(build, INSTALL)?;
    if let Some(archive) = archive {
        let mut push = program("buildah");
        push.args(["push", tag]).arg(format!("oci-archive:{}", std::path::absolute(archive)?.display()));
        run(push, INSTALL)?;
    }
    println!("built {tag}");
    Ok(())
}
