//! etcd and Kubernetes, built once from Go modules into `target/controlplane/`.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The version that `controlplane/go.mod` requires.
pub const KUBERNETES_VERSION: &str = "v1.36.3";

const SOURCES: [(&str, &str); 4] = [
    ("go.mod", include_str!("../controlplane/go.mod")),
    ("go.sum", include_str!("../controlplane/go.sum")),
    ("tools.go", include_str!("../controlplane/tools.go")),
    ("node/main.go", include_str!("../controlplane/node/main.go")),
];

const PACKAGES: [&str; 5] = [
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "k8s.io/kubernetes/cmd/kube-scheduler",
    "k8s.io/kubernetes/cmd/kubelet",
    "go.etcd.io/etcd/server/v3",
    "./node",
];

/// Beside the binaries: what they were built from.
const FINGERPRINT: &str = "built-from";

/// The control plane's programs, and a node's.
#[derive(Debug, Clone)]
pub struct Binaries {
    dir: PathBuf,
}

impl Binaries {
    /// The programs; built now where they are missing or `controlplane/` has changed (about five minutes on two cores).
    /// A second process that asks meanwhile waits for the first.
    ///
    /// # Errors
    /// Where Go is missing or the build fails.
    pub fn ensure() -> Result<Self> {
        let target = crate::repository().join("target");
        fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
        let lock =
            File::create(target.join("controlplane.lock")).context("cannot make the build's lock file")?;
        lock.lock().context("cannot take the build's lock")?;
        let dir = target.join("controlplane");
        if fs::read_to_string(dir.join(FINGERPRINT)).ok() != Some(fingerprint()) {
            // Built aside and moved in one step: a build that was cut off is never taken for a finished one.
            let aside = target.join("controlplane.building");
            remove(&aside)?;
            build(&aside)?;
            remove(&dir)?;
            fs::rename(&aside, &dir)
                .with_context(|| format!("cannot move the build to {}", dir.display()))?;
        }
        Ok(Self { dir })
    }

    /// The path of `etcd`, `kube-apiserver`, `kube-scheduler`, `kubelet` or `node`.
    #[must_use]
    pub fn path(&self, program: &str) -> PathBuf {
        self.dir.join(program)
    }

    /// Where the programs are.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

#[expect(clippy::print_stderr, reason = "minutes of silence would look like a hang")]
fn build(dir: &Path) -> Result<()> {
    let sources = dir.join("src");
    let folder = sources.join("node");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in SOURCES {
        fs::write(sources.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    eprintln!(
        "building Kubernetes {KUBERNETES_VERSION} and etcd into target/controlplane: once, about five minutes"
    );
    let status = Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags", &linker_flags(), "-o", ".."])
        .args(PACKAGES)
        .current_dir(&sources)
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => bail!("`go build` of the control plane failed ({status}); its messages are above"),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!(
                "the control plane is built from source and needs Go 1.26 or newer: install it so that `go` is on the PATH"
            )
        }
        Err(error) => return Err(error).context("cannot start `go`"),
    }
    fs::rename(dir.join("server"), dir.join("etcd"))
        .context("cannot rename etcd's package binary `server`")?;
    fs::write(dir.join(FINGERPRINT), fingerprint()).context("cannot write the build's fingerprint")
}

fn linker_flags() -> String {
    let version = "-X k8s.io/component-base/version";
    format!("-s -w {version}.gitVersion={KUBERNETES_VERSION} {version}.gitMajor=1 {version}.gitMinor=36")
}

/// All that decides what is built, in plain text.
fn fingerprint() -> String {
    let sources = SOURCES.map(|(_, text)| text).concat();
    format!("{}\n{}\n{sources}", PACKAGES.join(" "), linker_flags())
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}
