//! A real node: containerd, kubelet, and device plugins that offer pretended GPUs.
//!
//! It has a mount and a PID namespace of its own, so that kubelet's constant paths (`/var/lib/kubelet`,
//! `/var/log/containers`) are the node's alone, and all that it runs ends with the namespace's first process. Pods use
//! the host's network: there is no network plugin. A container runs `/node` of [`IMAGE`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::process::Process;
use crate::scratch::Scratch;
use crate::{eventually, packages};

/// The image that is there: one static program, as `/node`.
pub const IMAGE: &str = "localhost/node:1";

const READY_WITHIN: Duration = Duration::from_secs(90);

/// How often it is looked whether containers that were killed have left their cgroups, and how long between.
const EMPTY_LOOKS: u32 = 500;
const LOOK: Duration = Duration::from_millis(20);

/// Finds containerd and runc, or installs Debian's packages where we are root.
///
/// # Errors
/// Says what to install where it is missing and we may not.
pub fn ensure_installed() -> Result<()> {
    ["containerd", "runc"].into_iter().try_for_each(packages::ensure_installed)
}

/// A node under a control plane. It ends, with all its pods, where it is dropped.
#[derive(Debug)]
pub struct Node {
    name: String,
    // Dropped in this order: the first process takes all others with it, and only then are cgroups and folders free.
    plugins: Vec<Process>,
    kubelet: Option<Process>,
    _containerd: Process,
    _first: Process,
    _cgroups: Cgroups,
    programs: PathBuf,
    kubeconfig: PathBuf,
    /// The first process as the machine counts.
    pid: u32,
    scratch: Scratch,
}

impl Node {
    /// Starts containerd and kubelet, and waits until kubelet has registered the node.
    ///
    /// # Errors
    /// Where the machine lets no kubelet run (it takes root, namespaces and cgroups that can be written to), a program
    /// cannot be installed or started, or kubelet is not ready in time.
    pub async fn start(control_plane: &ControlPlane, name: &str) -> Result<Self> {
        ensure!(
            rustix::process::geteuid().is_root(),
            "a real node needs root: run the tests as root, or in a privileged container"
        );
        tokio::task::spawn_blocking(ensure_installed).await??;
        let scratch = Scratch::new("node")?;
        let cgroups = Cgroups::make(&format!("gpulse-{}-{name}", std::process::id()))?;
        configure(&scratch, &cgroups.name)?;
        let mut first = start_namespaces(&scratch)?;
        let pid_file = scratch.join("lib/ready");
        first.wait_until(READY_WITHIN, async || pid_file.exists()).await.context(
            "a real node needs namespaces of its own (unshare --mount --pid): run the tests as root, or in a \
             privileged container",
        )?;
        let pid = only_child(first.id())?;
        let mut containerd = Command::new("containerd");
        containerd.arg("--config").arg(scratch.join("containerd.toml"));
        let mut containerd =
            Process::start("containerd", enter(pid, &containerd), &scratch.join("containerd.log"))?;
        let socket = scratch.join("containerd.sock");
        containerd.wait_until(READY_WITHIN, async || socket.exists()).await?;
        let mut node = Self {
            name: name.to_owned(),
            plugins: Vec::new(),
            kubelet: None,
            _containerd: containerd,
            _first: first,
            _cgroups: cgroups,
            programs: control_plane.binaries().dir().to_path_buf(),
            kubeconfig: control_plane.kubeconfig(),
            pid,
            scratch,
        };
        node.import_image().await?;
        node.start_kubelet(control_plane).await?;
        Ok(node)
    }

    /// A folder that pods can mount; it is removed with the node.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.scratch.join("pods")
    }

    /// The numbers that the node gives to processes with this argument.
    ///
    /// # Errors
    /// Where the node's processes cannot be read.
    pub fn processes_with(&self, argument: &str) -> Result<Vec<u32>> {
        let proc = format!("/proc/{}/root/proc", self.pid);
        let mut found = Vec::new();
        for entry in fs::read_dir(&proc).with_context(|| format!("cannot read {proc}"))? {
            let path = entry?.path();
            let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
            // One that has ended meanwhile is none.
            let command = fs::read(path.join("cmdline")).unwrap_or_default();
            if command.split(|byte| *byte == 0).any(|known| known == argument.as_bytes()) {
                found.push(pid);
            }
        }
        Ok(found)
    }

    /// A command that runs inside the node: with its files, and with its process numbers.
    #[must_use]
    pub fn inside(&self, command: &Command) -> Command {
        enter(self.pid, command)
    }

    /// Offers devices of a resource, by a device plugin, and waits until they are the node's.
    ///
    /// # Errors
    /// Where kubelet does not take them in time.
    pub async fn offer(&mut self, control_plane: &ControlPlane, resource: &str, ids: &[&str]) -> Result<()> {
        let mut plugin = Command::new(self.programs.join("node"));
        plugin.args(["plugin", resource]).args(ids);
        let log = self.scratch.join("plugins.log");
        self.plugins.push(Process::start("the device plugin", self.inside(&plugin), &log)?);
        let path = format!("/api/v1/nodes/{}", self.name);
        eventually(READY_WITHIN, &format!("{resource} is on the node"), async || {
            let node = control_plane.api().get(&path).await?;
            let count = node["status"]["allocatable"][resource].as_str().and_then(|count| count.parse().ok());
            Ok((count == Some(ids.len())).then_some(()))
        })
        .await
    }

    /// Starts a driver of claims. The device that it gives for a claim has the claim's name.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start_driver(&mut self, driver: &str) -> Result<()> {
        let mut program = Command::new(self.programs.join("node"));
        program.args(["driver", driver, &self.name]);
        let log = self.scratch.join("plugins.log");
        self.plugins.push(Process::start("the driver of claims", self.inside(&program), &log)?);
        Ok(())
    }

    /// A pod of this node whose one container `main` writes the devices that it was given to a file of the pod's name in
    /// [`Self::folder`], and runs until it is deleted.
    #[must_use]
    pub fn holding_pod(&self, name: &str, resource: &str, count: u32) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "nodeName": self.name,
                "hostNetwork": true,
                "automountServiceAccountToken": false,
                "terminationGracePeriodSeconds": 1,
                "containers": [{
                    "name": "main",
                    "image": IMAGE,
                    "imagePullPolicy": "Never",
                    "command": ["/node", "hold", format!("/pods/{name}")],
                    "resources": {"limits": {resource: count.to_string()}},
                    "volumeMounts": [{"name": "pods", "mountPath": "/pods"}],
                }],
                "volumes": [{"name": "pods", "hostPath": {"path": self.folder()}}],
            },
        })
    }

    /// Kills kubelet. Its pods run on.
    pub fn stop_kubelet(&mut self) {
        self.kubelet = None;
    }

    /// Starts kubelet, and waits until it says that it is ready.
    ///
    /// # Errors
    /// Where it does not in time.
    pub async fn start_kubelet(&mut self, control_plane: &ControlPlane) -> Result<()> {
        self.stop_kubelet();
        let mut kubelet = Command::new(self.programs.join("kubelet"));
        kubelet
            .arg(format!("--config={}", self.scratch.join("kubelet.yaml").display()))
            .arg(format!("--kubeconfig={}", self.kubeconfig.display()))
            .arg(format!("--hostname-override={}", self.name))
            .arg("--cert-dir=/var/lib/kubelet/pki");
        let mut kubelet =
            Process::start("kubelet", self.inside(&kubelet), &self.scratch.join("kubelet.log"))?;
        let path = format!("/api/v1/nodes/{}", self.name);
        let socket = self.scratch.join("lib/kubelet/pod-resources/kubelet.sock");
        let ready = async || {
            socket.exists() && control_plane.api().get(&path).await.is_ok_and(|node| has_runtime(&node))
        };
        kubelet.wait_until(READY_WITHIN, ready).await?;
        self.kubelet = Some(kubelet);
        Ok(())
    }

    async fn import_image(&self) -> Result<()> {
        let archive = self.scratch.join("image.tar");
        let mut pack = Command::new(self.programs.join("node"));
        pack.args(["image", IMAGE]).arg(&archive);
        let mut import = Command::new("ctr");
        import.arg("--address").arg(self.scratch.join("containerd.sock"));
        import.args(["--namespace", "k8s.io", "images", "import"]).arg(&archive);
        for mut command in [pack, self.inside(&import)] {
            let done =
                tokio::task::spawn_blocking(move || command.output()).await?.context("cannot start it")?;
            let said = String::from_utf8_lossy(&done.stderr);
            ensure!(done.status.success(), "cannot make the node's image: {said}");
        }
        Ok(())
    }
}

/// Whether kubelet has reported its container runtime. It is never Ready: that takes a network plugin.
fn has_runtime(node: &Value) -> bool {
    node["status"]["nodeInfo"]["containerRuntimeVersion"].as_str().is_some_and(|version| !version.is_empty())
}

/// Writes what the programs are configured by, and the folders that they are given.
fn configure(scratch: &Scratch, cgroup: &str) -> Result<()> {
    for folder in ["lib/kubelet", "log/pods", "log/containers", "pods", "containerd"] {
        let folder = scratch.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let path = scratch.path().display();
    // Without the right to lower a process's score for the OOM killer runc ends otherwise.
    let containerd = format!(
        "version = 2\nroot = \"{path}/containerd/root\"\nstate = \"{path}/containerd/state\"\n\
         [grpc]\naddress = \"{path}/containerd.sock\"\n\
         [plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"{IMAGE}\"\n\
         restrict_oom_score_adj = true\ndisable_apparmor = true\n"
    );
    scratch.write("containerd.toml", &containerd)?;
    let kubelet = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": format!("unix://{path}/containerd.sock"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{cgroup}"),
        "failCgroupV1": false,
        "failSwapOn": false,
        "localStorageCapacityIsolation": false,
        "enableServer": false,
        "nodeStatusUpdateFrequency": "1s",
    });
    scratch.write("kubelet.yaml", &kubelet.to_string()).map(drop)
}

/// The first process of a mount and a PID namespace; where it ends, all in them end.
fn start_namespaces(scratch: &Scratch) -> Result<Process> {
    let script = "set -e\n\
        mount --bind \"$1/lib\" /var/lib\nmount --bind \"$1/log\" /var/log\nmount --make-rshared /\n\
        mkdir -p /run/containerd\nmount -t tmpfs tmpfs /run/containerd\n\
        touch /var/lib/ready\n\
        while :; do sleep 1000 & wait; done\n";
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]);
    unshare.args(["sh", "-c", script, "node"]).arg(scratch.path());
    Process::start("the node's namespaces", unshare, &scratch.join("namespaces.log"))
}

fn only_child(pid: u32) -> Result<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    children.trim().parse().with_context(|| format!("{path} is no one number: {children:?}"))
}

/// The same command inside the namespaces of a process.
fn enter(pid: u32, command: &Command) -> Command {
    let mut inside = Command::new("nsenter");
    inside.args([
        format!("--mount=/proc/{pid}/ns/mnt"),
        format!("--pid=/proc/{pid}/ns/pid"),
        "--".to_owned(),
    ]);
    inside.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    inside
}

/// A cgroup in each hierarchy, below which kubelet makes those of pods.
#[derive(Debug)]
struct Cgroups {
    name: String,
}

const ROOT: &str = "/sys/fs/cgroup";

impl Cgroups {
    fn make(name: &str) -> Result<Self> {
        let cgroups = Self { name: name.to_owned() };
        for hierarchy in hierarchies()? {
            let folder = hierarchy.join(name);
            let failed = || {
                format!(
                    "a real node needs cgroups that can be written to, and {} cannot be made: run the tests as root, \
                     or in a privileged container",
                    folder.display()
                )
            };
            fs::create_dir(&folder).with_context(failed)?;
            // Of version 1: a new cgroup may use no CPU until it is said which.
            for file in ["cpuset.cpus", "cpuset.mems"] {
                let from = hierarchy.join(file);
                if from.exists() {
                    fs::write(folder.join(file), fs::read(&from)?).with_context(failed)?;
                }
            }
        }
        Ok(cgroups)
    }
}

/// Of version 1 one for each controller, of version 2 the only one, with its controllers handed down.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let root = Path::new(ROOT);
    let handed_down = root.join("cgroup.subtree_control");
    if handed_down.exists() {
        fs::write(&handed_down, "+cpu +cpuset +memory +pids")
            .with_context(|| format!("cannot write {}", handed_down.display()))?;
        return Ok(vec![root.to_path_buf()]);
    }
    let entries = fs::read_dir(root).with_context(|| format!("cannot read {ROOT}"))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        // A link stands for two controllers in one hierarchy.
        if path.is_dir() && !path.is_symlink() {
            found.push(path);
        }
    }
    Ok(found)
}

impl Drop for Cgroups {
    #[expect(clippy::print_stderr, reason = "what is left behind must be named")]
    fn drop(&mut self) {
        let all = hierarchies().unwrap_or_default();
        let folders =
            || all.iter().map(|hierarchy| hierarchy.join(&self.name)).filter(|folder| folder.exists());
        for _ in 0..EMPTY_LOOKS {
            if folders().all(|folder| remove(&folder).is_ok()) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        eprintln!("cgroups {ROOT}/*/{} are left behind", self.name);
    }
}

/// Removes a cgroup and all below it. Their files go with them.
fn remove(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove(&path)?;
        }
    }
    fs::remove_dir(folder)
}
