//! Are the manifests in `deploy/` what Kubernetes accepts?

use std::fs;

use anyhow::{Context, Result};

use crate::shell::{output, program, run, target};
use crate::tools;

/// The oldest and the newest version that the manifests are promised for.
const KUBERNETES_VERSIONS: [&str; 2] = ["1.34", "1.37"];

/// What is applied with `kubectl apply -k`.
const KUSTOMIZATIONS: [&str; 4] =
    ["deploy/kustomize/base", "deploy/agent", "deploy/sweep", "deploy/sweep/merge"];

/// Renders each kustomization and validates every object in it, unknown fields included.
///
/// # Errors
/// Where an object is wrong or a tool cannot be had.
pub(crate) fn check() -> Result<()> {
    fs::create_dir_all(target("tools")).context("cannot make target/tools")?;
    KUSTOMIZATIONS.iter().try_for_each(|folder| check_folder(folder))
}

fn check_folder(folder: &str) -> Result<()> {
    let mut kustomize = program(tools::kubectl()?);
    kustomize.args(["kustomize", folder]);
    let rendered = target(&format!("tools/{}.yaml", folder.replace('/', "-")));
    fs::write(&rendered, output(kustomize)?)
        .with_context(|| format!("cannot write {}", rendered.display()))?;
    for version in KUBERNETES_VERSIONS {
        let mut validate = program(tools::kubernetes_validate()?);
        validate.args(["--quiet", "--strict", "--kubernetes-version", version]).arg(&rendered);
        run(validate, "the package has no such program")?;
        println!("{folder} is valid for Kubernetes {version}");
    }
    Ok(())
}
