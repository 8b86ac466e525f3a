//! Says of processes which containers they run in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::Sources;
use super::cgroup::{self, Place};
use super::fault::HolderFault;
use crate::agent::attribution::{Attribution, Holder};

/// Adds whose these processes are, as far as it can be told, and says what is wrong with telling. A process that has
/// ended meanwhile is nobody's.
pub(super) async fn add(
    attribution: &mut Attribution,
    pids: &BTreeSet<u32>,
    sources: &Sources,
) -> Option<HolderFault> {
    let (pids, sources) = (pids.clone(), sources.clone());
    // Files may be on a disk that is slow.
    let found = tokio::task::spawn_blocking(move || find(&pids, &sources)).await;
    // The task is neither aborted nor does it panic.
    let (places, containers) = found.ok()?;
    let (containers, fault) = match containers {
        Ok(containers) => (containers, None),
        Err(fault) => (BTreeMap::new(), Some(fault)),
    };
    for (pid, place) in places {
        let known = std::mem::take(attribution);
        *attribution = match place {
            Place::Outside => known.outsider(pid),
            Place::Pod => known,
            Place::Container(id) => match containers.get(&id) {
                Some(holder) => known.process(pid, holder.clone()),
                None => known,
            },
        };
    }
    fault
}

type Containers = Result<BTreeMap<String, Holder>, HolderFault>;

/// The folder of links is looked at only where a process needs it: on a machine without Kubernetes there is none.
fn find(pids: &BTreeSet<u32>, sources: &Sources) -> (Vec<(u32, Place)>, Containers) {
    let places: Vec<(u32, Place)> =
        pids.iter().filter_map(|pid| Some((*pid, place(&sources.proc, *pid)?))).collect();
    let is_needed = places.iter().any(|(_, place)| matches!(place, Place::Container(_)));
    let logs = &sources.container_logs;
    let containers = match is_needed {
        true => cgroup::containers(logs).map_err(|error| HolderFault::no_containers(logs, &error)),
        false => Ok(BTreeMap::new()),
    };
    (places, containers)
}

fn place(proc: &Path, pid: u32) -> Option<Place> {
    let cgroup = fs::read_to_string(proc.join(pid.to_string()).join("cgroup")).ok()?;
    Some(cgroup::place(&cgroup))
}
