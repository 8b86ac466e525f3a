//! A trace: pods as JSON Lines, in the order in which they came.
//!
//! ```text
//! {"apiVersion":"gpulse.dev/v1alpha1","kind":"Trace"}
//! {"key":{"namespace":"ml","name":"train-0"},"cpu":4000,"memory":16384,"gpus":[{"resource":"nvidia.com/gpu","count":2}],"cameMs":0,"lifeMs":3600000}
//! ```
//!
//! A pod's fields are those of [`PodRequest`](crate::cluster::PodRequest), and when it came and how long it ran.

mod fields;
mod write;

use std::io::BufRead;

use serde::{Deserialize, Serialize};

use super::error::InputError;
use super::json_lines::JsonLines;
use super::names::Names;
use super::nodes::{MAX_CPU_MILLI, MAX_GPUS, MAX_MEMORY_MIB};
use super::times::{MAX_SECONDS, PodTimes};
use crate::cluster::{GpuDemand, MilliGpu, PodRequest};

pub use write::TraceWriter;

const API_VERSION: &str = "gpulse.dev/v1alpha1";
const KIND: &str = "Trace";

/// A line of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TracePod {
    /// What the pod asks for.
    #[serde(flatten)]
    pub request: PodRequest,
    /// When it came, in milliseconds since any moment that all pods of the trace share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_ms: Option<u64>,
    /// How long it ran, in milliseconds; `None` for one that still runs, or never did. It has a time of arrival, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life_ms: Option<u64>,
}

impl TracePod {
    /// When it came and how long it ran, where both are known.
    #[must_use]
    pub fn times(&self) -> Option<PodTimes> {
        Some(PodTimes { came_ms: self.came_ms?, life_ms: self.life_ms? })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Header {
    api_version: String,
    kind: String,
}

/// Reads a trace and hands each pod on; `file` is what errors call it. Blank lines count for nothing.
///
/// # Errors
/// At the first line that is not one of a trace.
pub fn read_trace(
    file: &str,
    source: impl BufRead,
    mut take: impl FnMut(TracePod),
) -> Result<(), InputError> {
    let mut lines = JsonLines::of(file, source);
    if !lines.advance()? {
        return Err(empty(file, "is empty"));
    }
    let header = lines.parse::<Header>();
    if !matches!(&header, Ok(Header { api_version, kind }) if api_version == API_VERSION && kind == KIND) {
        let header = format!("{{\"apiVersion\":\"{API_VERSION}\",\"kind\":\"{KIND}\"}}");
        return Err(lines.unlike(format!("a trace's first line, {header}")));
    }
    let (mut names, mut last_ms) = (Names::default(), 0);
    let mut pods = 0_u64;
    while lines.advance()? {
        let pod = lines.parse::<TracePod>().map_err(|problem| lines.broken(problem))?;
        let wrong = |Fault { field, found, expected }| lines.wrong(field, found, expected);
        check(&pod, last_ms).map_err(wrong)?;
        if !names.insert(&pod.request.key) {
            let expected = "a namespace and name that no earlier line has".into();
            return Err(lines.wrong("key".into(), pod.request.key.to_string(), expected));
        }
        last_ms = pod.came_ms.unwrap_or(last_ms);
        pods += 1;
        take(pod);
    }
    if pods == 0 { Err(empty(file, "has a first line and no pods")) } else { Ok(()) }
}

fn empty(file: &str, found: &'static str) -> InputError {
    InputError::Empty { file: file.into(), found, expected: "a trace with at least one pod".into() }
}

/// A value that no pod has.
struct Fault {
    field: String,
    found: String,
    expected: String,
}

impl Fault {
    fn new(field: impl Into<String>, found: impl ToString, expected: String) -> Self {
        Self { field: field.into(), found: found.to_string(), expected }
    }
}

/// Whether it is a pod that can be, and comes after the one before it.
fn check(pod: &TracePod, last_ms: u64) -> Result<(), Fault> {
    let request = &pod.request;
    if request.key.name.is_empty() {
        return Err(Fault::new("key.name", "", "a name".into()));
    }
    let within = |field: &str, found: u64, least: u64, most: u64, what: &str| {
        let wrong = || Fault::new(field, found, format!("a whole number of {what}, {least} to {most}"));
        if (least..=most).contains(&found) { Ok(()) } else { Err(wrong()) }
    };
    within("cpu", request.cpu.0, 0, MAX_CPU_MILLI, "thousandths of a CPU")?;
    within("memory", request.memory.0, 0, MAX_MEMORY_MIB, "MiB")?;
    for (place, GpuDemand { resource, count, share }) in request.gpus.iter().enumerate() {
        let field = |name: &str| format!("gpus[{place}].{name}");
        within(&field("count"), u64::from(*count), 1, MAX_GPUS, "GPUs")?;
        within(&field("share"), share.0, 1, MilliGpu::WHOLE.0, "thousandths of each GPU")?;
        if resource.is_empty() || request.gpus[..place].iter().any(|other| other.resource == *resource) {
            let expected = "a resource's name that the pod does not ask for twice".into();
            return Err(Fault::new(field("resource"), resource, expected));
        }
    }
    match (pod.came_ms, pod.life_ms) {
        (None, None) => Ok(()),
        (None, Some(life_ms)) => {
            Err(Fault::new("lifeMs", life_ms, "a time of arrival with it, cameMs".into()))
        }
        (Some(came_ms), life_ms) => {
            within("cameMs", came_ms, 0, MAX_SECONDS * 1000, "milliseconds")?;
            within("lifeMs", life_ms.unwrap_or(0), 0, MAX_SECONDS * 1000, "milliseconds")?;
            let wrong =
                || Fault::new("cameMs", came_ms, format!("a time not before the line before, {last_ms}"));
            if came_ms < last_ms { Err(wrong()) } else { Ok(()) }
        }
    }
}
