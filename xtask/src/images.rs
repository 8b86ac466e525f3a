//! The container image.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::shell::{exists, program, run};

const INSTALL: &str = "install it (Debian, Ubuntu: apt-get install buildah)";

/// Builds the image from `deploy/images/Containerfile`.
///
/// # Errors
/// Where buildah is missing or the build fails.
pub(crate) fn build(tag: &str, archive: Option<&Path>) -> Result<()> {
    ensure!(exists("buildah"), "buildah is missing, which builds images without a daemon: {INSTALL}");
    let mut build = program("buildah");
    // The same sources give the same image.
    build.args(["build", "--timestamp", "0", "--file", "deploy/images/Containerfile", "--tag", tag, "."]);
    run(build, INSTALL)?;
    if let Some(archive) = archive {
        let mut push = program("buildah");
        push.args(["push", tag]).arg(format!("oci-archive:{}", std::path::absolute(archive)?.display()));
        run(push, INSTALL)?;
    }
    println!("built {tag}");
    Ok(())
}
