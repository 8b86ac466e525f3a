//! Which container a process runs in, by its cgroup; which pod the container is of, by kubelet's links to its logs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::agent::attribution::Holder;

/// Where a process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In this container of a pod, by the runtime's id.
    Container(String),
    /// In a pod, in no container that has a name.
    Pod,
    /// In no pod.
    Outside,
}

/// Length of a container's id in containerd and cri-o.
const ID_LENGTH: usize = 64;

/// Reads `/proc/PID/cgroup`: a line `HIERARCHY:CONTROLLERS:PATH` for each hierarchy, with cgroup v2 only one.
///
/// kubelet's path has a pod's folder, then the container's. By its drivers:
///
/// ```text
/// cgroupfs  /kubepods/burstable/podUID/CONTAINER
/// systemd   /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice/cri-containerd-CONTAINER.scope
/// both      /system.slice/containerd.service/kubepods-burstable-podUID.slice:cri-containerd:CONTAINER
/// ```
///
/// Of folders within folders the outermost pod counts: it is the one that this node's kubelet knows. A reader in a cgroup
/// namespace of its own sees `/../..` in place of what it has in common with the process.
pub(super) fn place(cgroup: &str) -> Place {
    let paths = cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let mut found = Place::Outside;
    for path in paths {
        let mut folders = path.split(['/', ':']).skip_while(|folder| !is_pod(folder));
        if folders.next().is_none() {
            continue;
        }
        match folders.take(2).find_map(container) {
            Some(id) => return Place::Container(id.to_owned()),
            None => found = Place::Pod,
        }
    }
    found
}

/// `podUID` or `kubepods-QOS-podUID.slice`. A UID has 32 hexadecimal digits, with dashes, underscores or (a static
/// pod's) nothing between them.
fn is_pod(folder: &str) -> bool {
    let uid = match folder.strip_suffix(".slice") {
        Some(slice) => slice.split_once("-pod").map(|(_, uid)| uid).filter(|_| slice.starts_with("kubepods")),
        None => folder.strip_prefix("pod"),
    };
    let digits = |uid: &str| uid.bytes().filter(u8::is_ascii_hexdigit).count();
    uid.is_some_and(|uid| {
        digits(uid) == 32 && uid.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'_'))
    })
}

/// `ID`, `RUNTIME-ID.scope` or, of the runtime's name and the id as two folders, the id alone. What watches over a
/// container (`crio-conmon-ID.scope`) is none.
fn container(folder: &str) -> Option<&str> {
    let name = folder.strip_suffix(".scope").unwrap_or(folder);
    let (runtime, id) = name.rsplit_once('-').unwrap_or(("", name));
    let is_id = id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && !runtime.ends_with("conmon")).then_some(id)
}

/// The containers of the node's pods, by id: kubelet's links `POD_NAMESPACE_CONTAINER-ID.log` (Kubernetes
/// `pkg/kubelet/kuberuntime/legacy.go`), which collectors of logs live on. Kubelet cuts what is longer than 255 bytes; of
/// such a container it is not known whose it is.
///
/// # Errors
/// Where the folder cannot be read.
pub(super) fn containers(logs: &Path) -> io::Result<BTreeMap<String, Holder>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(logs)? {
        let name = entry?.file_name();
        found.extend(name.to_str().and_then(link));
    }
    Ok(found)
}

fn link(name: &str) -> Option<(String, Holder)> {
    let (names, id) = name.strip_suffix(".log")?.rsplit_once('-')?;
    let mut names = names.split('_');
    let (pod, namespace, container) = (names.next()?, names.next()?, names.next()?);
    let is_whole = names.next().is_none() && id.len() == ID_LENGTH;
    is_whole.then(|| {
        (id.to_owned(), Holder { namespace: namespace.into(), pod: pod.into(), container: container.into() })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UID: &str = "0f6a1c52-7a3e-4b1d-9c55-0123456789ab";

    fn inside(id: &str) -> Place {
        Place::Container(id.to_owned())
    }

    #[test]
    fn paths_of_all_runtimes_and_drivers() {
        let (id, other) = ("a1".repeat(32), "b2".repeat(32));
        let slice = format!("kubepods-burstable-pod{}.slice", UID.replace('-', "_"));
        let static_uid = UID.replace('-', "");
        let paths = [
            (format!("/kubepods/burstable/pod{UID}/{id}"), inside(&id)),
            (format!("/kubepods/pod{static_uid}/{id}"), inside(&id)),
            (format!("/docker/{other}/kubelet/kubepods/pod{UID}/{id}"), inside(&id)),
            (
                format!("/kubepods.slice/kubepods-burstable.slice/{slice}/cri-containerd-{id}.scope"),
                inside(&id),
            ),
            (format!("/kubepods.slice/{slice}/crio-{id}.scope/container"), inside(&id)),
            (format!("/kubepods.slice/{slice}/docker-{id}.scope/init.scope"), inside(&id)),
            (format!("/system.slice/containerd.service/{slice}:cri-containerd:{id}"), inside(&id)),
            (format!("/kubepods/pod{UID}/{id}/docker/{other}"), inside(&id)),
            (format!("/kubepods/pod{UID}/{id}/kubepods/pod{static_uid}/{other}"), inside(&id)),
            (format!("/../../{slice}/cri-containerd-{id}.scope"), inside(&id)),
            (format!("/../../pod{UID}/{id}"), inside(&id)),
            (format!("/kubepods.slice/{slice}/crio-conmon-{id}.scope"), Place::Pod),
            (format!("/kubepods/pod{UID}"), Place::Pod),
            (format!("/system.slice/docker-{id}.scope"), Place::Outside),
            ("/user.slice/user-1000.slice/session-3.scope".to_owned(), Place::Outside),
            ("/machine.slice/libpod-podman.scope/podium".to_owned(), Place::Outside),
            ("/".to_owned(), Place::Outside),
        ];
        for (path, expected) in paths {
            assert_eq!(place(&format!("0::{path}\n")), expected, "{path}");
            let first = format!("12:pids:/\n5:devices:{path}\n1:name=systemd:/\n0::/\n");
            assert_eq!(place(&first), expected, "of version 1: {path}");
        }
        assert_eq!(place(""), Place::Outside);
    }

    #[test]
    fn a_link_is_whole_or_nothing() {
        let id = "c3".repeat(32);
        let (found, holder) = link(&format!("train-0_ml_main-{id}.log")).unwrap();
        assert_eq!(
            (found, &*holder.pod, &*holder.namespace, &*holder.container),
            (id.clone(), "train-0", "ml", "main")
        );
        for name in [
            format!("train-0_ml_main-{}.log", &id[1..]),
            format!("train-0_ml-{id}.log"),
            format!("a_b_c-{id}"),
        ] {
            assert_eq!(link(&name), None, "{name}");
        }
    }

    /// A name as Kubernetes allows it.
    const NAME: &str = "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?";

    proptest! {
        #[test]
        fn links_name_what_they_were_made_of(
            pod in "[a-z0-9]([a-z0-9.-]{0,30}[a-z0-9])?", namespace in NAME, container in NAME, id in "[0-9a-f]{64}",
        ) {
            let (found, holder) = link(&format!("{pod}_{namespace}_{container}-{id}.log")).unwrap();
            prop_assert_eq!((found.as_str(), &*holder.pod, &*holder.namespace, &*holder.container),
                (id.as_str(), pod.as_str(), namespace.as_str(), container.as_str()));
        }

        #[test]
        fn a_container_is_found_at_any_depth(
            above in proptest::collection::vec("[a-z]{1,9}(\\.slice)?", 0..4),
            uid in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            runtime in "(cri-containerd|crio|docker|libpod)",
            id in "[0-9a-f]{64}",
            below in proptest::collection::vec("[a-z0-9]{1,9}", 0..3),
        ) {
            let (above, below) = (above.iter().map(|name| format!("/{name}")).collect::<String>(),
                below.iter().map(|name| format!("/{name}")).collect::<String>());
            let cgroupfs = format!("0::{above}/kubepods/pod{uid}/{id}{below}");
            let slice = format!("kubepods-pod{}.slice", uid.replace('-', "_"));
            let systemd = format!("0::{above}/kubepods.slice/{slice}/{runtime}-{id}.scope{below}");
            prop_assert_eq!(place(&cgroupfs), inside(&id));
            prop_assert_eq!(place(&systemd), inside(&id));
        }

        #[test]
        fn no_text_is_too_odd(text in "[0-9a-z:/._\\n-]{0,200}", any in ".*") {
            place(&text);
            place(&any);
            link(&text);
            link(&any);
        }
    }
}
