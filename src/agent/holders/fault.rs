//! What keeps the agent from knowing whose the GPUs are.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

/// What is wrong, in a word for a label and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderFault {
    /// The word.
    pub kind: HolderFaultKind,
    /// The sentence: what was found, and what to do.
    pub text: String,
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderFaultKind {
    /// There is no socket of kubelet's.
    NoKubelet,
    /// kubelet does not answer.
    KubeletHanging,
    /// What answers makes an error of it, or is no kubelet.
    KubeletFailed,
    /// kubelet knows of no pod, though it did: it has just been started.
    KubeletStarting,
    /// A device of NVIDIA's has a name that is not understood.
    UnknownDevice,
    /// kubelet's links to the containers' logs cannot be read.
    NoContainers,
}

impl HolderFaultKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::NoKubelet,
        Self::KubeletHanging,
        Self::KubeletFailed,
        Self::KubeletStarting,
        Self::UnknownDevice,
        Self::NoContainers,
    ];

    /// Its name, for a label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoKubelet => "no_kubelet",
            Self::KubeletHanging => "kubelet_hanging",
            Self::KubeletFailed => "kubelet_failed",
            Self::KubeletStarting => "kubelet_starting",
            Self::UnknownDevice => "unknown_device",
            Self::NoContainers => "no_containers",
        }
    }
}

impl fmt::Display for HolderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An error and what caused it, one after the other.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

impl HolderFault {
    /// From a failed connection or call.
    pub(super) fn of(socket: &Path, error: &(dyn Error + 'static)) -> Self {
        let system = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
        let (kind, advice) = match system {
            Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => (
                HolderFaultKind::NoKubelet,
                "; start kubelet, mount its folder pod-resources, or name the socket with --pod-resources-socket \
                 (empty on a machine without Kubernetes)",
            ),
            Some(io::ErrorKind::PermissionDenied) => {
                (HolderFaultKind::KubeletFailed, "; run the agent as root")
            }
            _ => (HolderFaultKind::KubeletFailed, ""),
        };
        let mut said: Vec<String> = causes(error).map(ToString::to_string).collect();
        said.dedup();
        let text = format!("kubelet at {}: {}{advice}", socket.display(), said.join(": "));
        Self { kind, text }
    }

    pub(super) fn hanging(socket: &Path, within: Duration) -> Self {
        let text = format!("kubelet at {} does not answer within {within:?}", socket.display());
        Self { kind: HolderFaultKind::KubeletHanging, text }
    }

    pub(super) fn starting() -> Self {
        let text = "kubelet knows of no pod, though it did; it has been started anew and will read them";
        Self { kind: HolderFaultKind::KubeletStarting, text: text.to_owned() }
    }

    pub(super) fn unknown_device(resource: &str, id: &str) -> Self {
        let text = format!(
            "a device of {resource} has the id {id:?}; expected GPU-UUID, MIG-UUID, either with ::NUMBER, \
             nvidiaNUMBER, or a claim's gpu-NUMBER"
        );
        Self { kind: HolderFaultKind::UnknownDevice, text }
    }

    pub(super) fn no_containers(logs: &Path, error: &io::Error) -> Self {
        let text = format!(
            "cannot read {}, which says whose a container is ({error}); mount it, or name it with --container-logs",
            logs.display()
        );
        Self { kind: HolderFaultKind::NoContainers, text }
    }
}
