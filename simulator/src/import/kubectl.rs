//! A real cluster, from what `kubectl get nodes,pods --all-namespaces --output json` prints.

use std::collections::{BTreeSet, HashSet};

use serde::Deserialize;

use super::keeping;
use crate::cluster::kubernetes::{
    Dropped, ListError, ListItem, Node, Pod, Reader, list_items, snapshot_from_list,
};
use crate::cluster::{FreshnessPolicy, ObjectError, PodKey, Snapshot, Timestamp};
use crate::input::{TracePod, moment_ms};

/// Which pods go into the trace. No pod is in both files: those that go there hold no room in the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// None.
    None,
    /// Those that wait: neither bound nor over.
    Waiting,
    /// All, with the times at which they came and how long they ran.
    All,
}

/// What a list was made into.
#[derive(Debug)]
pub struct Imported {
    /// The nodes, and the pods that hold room on them.
    pub snapshot: Snapshot,
    /// The pods of the trace, in the order in which they came.
    pub trace: Vec<TracePod>,
    /// What could not be understood, each in a line.
    pub doubts: Vec<String>,
    /// What was left out, or is not known, though all was understood; each in a line.
    pub notes: Vec<String>,
}

/// Reads a list. Nothing in it is measured, so that the moment of the snapshot is zero.
///
/// # Errors
/// Where the document is no list.
pub fn from_list(json: &[u8], reader: &Reader, chosen: Chosen) -> Result<Imported, ListError> {
    let (snapshot, dropped) = snapshot_from_list(json, reader, Timestamp(0), FreshnessPolicy::default())?;
    let mut import = Import::default();
    let refused: BTreeSet<String> = dropped.unreadable.iter().map(ToString::to_string).collect();
    for item in list_items(json)? {
        let read = match item.kind.as_str() {
            "Node" => import.node(&item),
            "Pod" => import.pod(&item, reader, chosen),
            _ => Ok(()),
        };
        // What was refused before is told already.
        if let Err(error) = read
            && !refused.contains(&error.to_string())
        {
            import.doubts.push(format!("dropped {error}"));
        }
    }
    import.trace.sort_by(|a, b| (a.came_ms, &a.request.key).cmp(&(b.came_ms, &b.request.key)));
    import.tell(&snapshot, &dropped, chosen);
    let traced: HashSet<&PodKey> = import.trace.iter().map(|pod| &pod.request.key).collect();
    let is_open = |node: &str| !import.cordoned.contains(node);
    let snapshot = keeping(&snapshot, is_open, |pod| !traced.contains(&pod.request.key));
    Ok(Imported { snapshot, trace: import.trace, doubts: import.doubts, notes: import.notes })
}

#[derive(Default)]
struct Import {
    trace: Vec<TracePod>,
    seen: HashSet<PodKey>,
    cordoned: HashSet<String>,
    over: usize,
    ends_unknown: usize,
    arrivals_unknown: usize,
    doubts: Vec<String>,
    notes: Vec<String>,
}

impl Import {
    /// kube-scheduler does not ask about cordoned nodes.
    fn node(&mut self, item: &ListItem<'_>) -> Result<(), ObjectError> {
        let node: Node = item.read("a Node")?;
        if node.spec.unschedulable {
            self.cordoned.insert(node.metadata.name);
        }
        Ok(())
    }

    fn pod(&mut self, item: &ListItem<'_>, reader: &Reader, chosen: Chosen) -> Result<(), ObjectError> {
        let pod: Pod = item.read("a Pod")?;
        if !self.seen.insert(pod.key()) {
            return Ok(());
        }
        let is_over = matches!(pod.status.phase.as_str(), "Succeeded" | "Failed");
        let waits = !is_over && pod.spec.node_name.is_empty();
        self.over += usize::from(is_over && chosen != Chosen::All);
        if chosen == Chosen::None || (chosen == Chosen::Waiting && !waits) {
            return Ok(());
        }
        let times: Times = item.read("a Pod with times")?;
        let came_ms = times.came_ms(&pod)?;
        let life_ms = if is_over { times.life_ms(&pod)? } else { None };
        self.arrivals_unknown += usize::from(came_ms.is_none());
        self.ends_unknown += usize::from(is_over && life_ms.is_none());
        let life_ms = life_ms.filter(|_| came_ms.is_some());
        self.trace.push(TracePod { request: reader.pod(&pod)?, came_ms, life_ms });
        Ok(())
    }

    /// Puts into words what was dropped and what is not known.
    fn tell(&mut self, snapshot: &Snapshot, dropped: &Dropped, chosen: Chosen) {
        let lines = Dropped { pods_without_hold: 0, ..dropped.clone() }.to_string();
        self.doubts.splice(0..0, lines.lines().map(str::to_owned));
        let mut note = |count: usize, text: &str| {
            if count > 0 {
                self.notes.push(format!("{text}: {count}"));
            }
        };
        let nominated = snapshot.nodes().flat_map(|node| node.pods());
        let nominated = nominated.filter(|pod| pod.hold == crate::cluster::Hold::Nominated).count();
        note(self.cordoned.len(), "nodes left out with their pods, since they are cordoned");
        note(self.over, "pods left out, since they are over");
        if chosen != Chosen::None {
            note(nominated, "nominations left out, since their pods are in the trace");
        }
        note(self.arrivals_unknown, "pods without times, since they have no metadata.creationTimestamp");
        note(
            self.ends_unknown,
            "pods without lifeMs, since they are over and no container has a finishedAt after status.startTime",
        );
    }
}

/// When a pod came, began and ended, as the API server writes it (RFC 3339, UTC).
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Times {
    metadata: Created,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Created {
    creation_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    start_time: Option<String>,
    container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    state: State,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    terminated: Option<Terminated>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    finished_at: Option<String>,
}

impl Times {
    fn came_ms(&self, pod: &Pod) -> Result<Option<u64>, ObjectError> {
        time(pod, "metadata.creationTimestamp", self.metadata.creation_timestamp.as_deref())
    }

    /// From the start to the end of the last container.
    fn life_ms(&self, pod: &Pod) -> Result<Option<u64>, ObjectError> {
        let Some(started) = time(pod, "status.startTime", self.status.start_time.as_deref())? else {
            return Ok(None);
        };
        let mut ended = None;
        for status in self.status.container_statuses.iter().flatten() {
            let finished = status.state.terminated.as_ref().and_then(|ended| ended.finished_at.as_deref());
            let field = "status.containerStatuses.state.terminated.finishedAt";
            ended = ended.max(time(pod, field, finished)?);
        }
        Ok(ended.and_then(|ended: u64| ended.checked_sub(started)))
    }
}

fn time(pod: &Pod, field: &str, text: Option<&str>) -> Result<Option<u64>, ObjectError> {
    let Some(text) = text else { return Ok(None) };
    let refuse = || ObjectError {
        object: format!("pod {}", pod.key()),
        field: field.to_owned(),
        expected: "a time in UTC from 1970 on, such as 2017-10-09T07:01:55Z",
        found: text.to_owned(),
    };
    moment_ms(text).map(Some).ok_or_else(refuse)
}
