//! What DCGM has no name for: `gpulse_*`.

use super::Layout;
use super::subject::{Subject, with_holder};
use crate::agent::attribution::Owner;
use crate::agent::dialect::Kind::{Counter, Gauge};
use crate::agent::dialect::Scale;
use crate::agent::figure::Figure;
use crate::agent::holders::HolderFaultKind;
use crate::agent::reading::utilization_ppm;
use crate::agent::text::Text;
use crate::agent::trouble::TroubleKind;
use crate::agent::view::View;
use crate::agent::xids::Xids;

const MILLIONTHS: Scale = Scale { times: 1, per: 1_000_000, decimals: true };
const MILLI: Scale = Scale { times: 1, per: 1000, decimals: true };
const MILLIONTHS_OF_MILLISECONDS: Scale = Scale { times: 1, per: 1_000_000_000, decimals: true };
const PERCENT: Scale = Scale { times: 1, per: 100, decimals: true };

/// The bits of `nvmlClocksThrottleReasons` by their names in nvml.h.
const THROTTLE_REASONS: [(u64, &str); 9] = [
    (0x001, "gpu_idle"),
    (0x002, "applications_clocks_setting"),
    (0x004, "sw_power_cap"),
    (0x008, "hw_slowdown"),
    (0x010, "sync_boost"),
    (0x020, "sw_thermal_slowdown"),
    (0x040, "hw_thermal_slowdown"),
    (0x080, "hw_power_brake_slowdown"),
    (0x100, "display_clock_setting"),
];

/// Why the clocks are held down, by the bits of `nvmlClocksThrottleReasons`.
pub fn throttle_reasons(bits: u64) -> impl Iterator<Item = &'static str> {
    THROTTLE_REASONS.into_iter().filter(move |(bit, _)| bits & bit != 0).map(|(_, reason)| reason)
}

pub(super) fn metrics(text: &mut Text, view: &View, layout: &Layout, subjects: &[Subject<'_>]) {
    let fresh: Vec<&Subject<'_>> = subjects.iter().filter(|subject| subject.is_fresh).collect();
    utilization(text, view, &fresh);
    busy(text, view, &fresh);
    memory_and_power(text, view, &fresh);
    board(text, view, &fresh);
    processes(text, view, &fresh);
    unlisted(text, &fresh);
    holders(text, view, &fresh);
    health(text, subjects);
    agent(text, view, layout);
}

fn utilization(text: &mut Text, view: &View, fresh: &[&Subject<'_>]) {
    let help = "How busy the device is, by the best measure it has (0 to 1)";
    let mut family = text.family("gpulse_gpu_utilization_ratio", Gauge, help);
    for subject in fresh {
        if let Some((value, source)) = utilization_ppm(subject.figures) {
            family.scaled(&subject.labels, &[("source", &source.to_string())], value, MILLIONTHS);
        }
    }
    let help = "The same, averaged since the last scrape";
    let mut family = text.family("gpulse_gpu_utilization_average_ratio", Gauge, help);
    for subject in fresh {
        let source = utilization_ppm(subject.figures).map(|(_, source)| source.to_string());
        if let Some((value, source)) = view.averages.of(subject.key()).utilization_ppm.zip(source) {
            family.scaled(&subject.labels, &[("source", &source)], value, MILLIONTHS);
        }
    }
}

fn busy(text: &mut Text, view: &View, fresh: &[&Subject<'_>]) {
    let help = "Time that the device was busy since the agent started; its rate is an average over any time";
    let mut family = text.family("gpulse_gpu_busy_seconds_total", Counter, help);
    for subject in fresh {
        if let Some(busy) = view.averages.busy(subject.key()) {
            family.scaled(&subject.device_labels, &[], busy, MILLIONTHS_OF_MILLISECONDS);
        }
    }
}

fn memory_and_power(text: &mut Text, view: &View, fresh: &[&Subject<'_>]) {
    let mut family = text.family("gpulse_gpu_memory_total_bytes", Gauge, "Framebuffer memory, free or not");
    for subject in fresh {
        if let Some(value) = subject.figures.get(Figure::MemoryTotalBytes) {
            family.sample(&subject.labels, &[], value);
        }
    }
    let help = "Framebuffer memory in use, averaged since the last scrape";
    let mut family = text.family("gpulse_gpu_memory_used_average_bytes", Gauge, help);
    for subject in fresh {
        if let Some(value) = view.averages.of(subject.key()).memory_used_bytes {
            family.sample(&subject.labels, &[], value);
        }
    }
    let mut family =
        text.family("gpulse_gpu_power_average_watts", Gauge, "Power draw, averaged since the last scrape");
    for subject in fresh {
        if let Some(value) = view.averages.of(subject.key()).power_milliwatts {
            family.scaled(&subject.labels, &[], value, MILLI);
        }
    }
    let mut family = text.family("gpulse_gpu_power_limit_watts", Gauge, "Power that may be drawn");
    for subject in fresh {
        if let Some(value) = subject.figures.get(Figure::PowerLimitMilliwatts) {
            family.scaled(&subject.labels, &[], value, MILLI);
        }
    }
}

fn board(text: &mut Text, view: &View, fresh: &[&Subject<'_>]) {
    let figures = [
        (
            "gpulse_gpu_row_remap_pending",
            Gauge,
            "Whether a row is to be remapped at the next reset",
            Figure::RowRemapPending,
        ),
        (
            "gpulse_gpu_nvlink_sent_bytes_total",
            Counter,
            "Data sent over all NVLinks since the driver was loaded",
            Figure::NvlinkSentBytes,
        ),
        (
            "gpulse_gpu_nvlink_received_bytes_total",
            Counter,
            "Data received over all NVLinks since the driver was loaded",
            Figure::NvlinkReceivedBytes,
        ),
    ];
    for (name, kind, help, figure) in figures {
        let mut family = text.family(name, kind, help);
        for subject in fresh {
            if let Some(value) = subject.figures.get(figure) {
                family.sample(&subject.labels, &[], value);
            }
        }
    }
    let help = "Whether the clocks are held down for this reason";
    let mut family = text.family("gpulse_gpu_throttled", Gauge, help);
    for subject in fresh {
        if let Some(reasons) = subject.figures.get(Figure::ThrottleReasons) {
            for (bit, reason) in THROTTLE_REASONS {
                family.sample(&subject.labels, &[("reason", reason)], u64::from(reasons & bit != 0));
            }
        }
    }
    let help = "XID errors since the agent started, by number";
    let mut family = text.family("gpulse_gpu_xid_errors_total", Counter, help);
    for subject in fresh.iter().filter(|subject| subject.is_board()) {
        for (code, count) in subject.uuid().iter().flat_map(|uuid| view.xids.counts(uuid)) {
            family.sample(&subject.labels, &[("xid", &code.to_string())], count);
        }
    }
}

fn processes(text: &mut Text, view: &View, fresh: &[&Subject<'_>]) {
    let attribution = view.attribution.as_deref();
    let rows: Vec<_> = fresh
        .iter()
        .flat_map(|subject| subject.processes().map(move |process| (subject, process)))
        .map(|(subject, process)| {
            let owner = attribution.and_then(|known| known.container(process.pid));
            let labels = owner.map_or_else(
                || subject.device_labels.clone(),
                |owner| with_holder(&subject.device_labels, owner),
            );
            (labels, process.pid.to_string(), process)
        })
        .collect();
    let mut family =
        text.family("gpulse_process_memory_used_bytes", Gauge, "Framebuffer memory that a process holds");
    for (labels, pid, process) in &rows {
        if let Some(value) = process.memory_bytes {
            family.sample(labels, &[("pid", pid)], value);
        }
    }
    let help = "Share of time that a process's kernels ran (0 to 1)";
    let mut family = text.family("gpulse_process_utilization_ratio", Gauge, help);
    for (labels, pid, process) in &rows {
        if let Some(value) = process.utilization_percent {
            family.scaled(labels, &[("pid", pid)], value.into(), PERCENT);
        }
    }
}

fn unlisted(text: &mut Text, fresh: &[&Subject<'_>]) {
    let help = "Processes on the GPU that are too many to be told one by one";
    let mut family = text.family("gpulse_gpu_processes_unlisted", Gauge, help);
    for subject in fresh.iter().filter(|subject| subject.is_board()) {
        if let Some(unlisted @ 1..) = subject.gpu.unlisted_processes {
            family.sample(&subject.device_labels, &[], unlisted.into());
        }
    }
}

fn holders(text: &mut Text, view: &View, fresh: &[&Subject<'_>]) {
    let Some(attribution) = view.attribution.as_deref() else { return };
    let help = "How often device plugins can give the device to containers: 0 for one that none of them has";
    let mut family = text.family("gpulse_gpu_replicas", Gauge, help);
    for subject in fresh {
        if let Some(replicas) = subject.replicas {
            family.sample(&subject.device_labels, &[], replicas.into());
        }
    }
    let help = "How often kubelet has given the device to this container";
    let mut family = text.family("gpulse_gpu_replicas_held", Gauge, help);
    for subject in fresh {
        for (holder, count) in &subject.holders {
            family.sample(&with_holder(&subject.device_labels, holder), &[], (*count).into());
        }
    }
    let listed = || fresh.iter().filter(|subject| subject.gpu.unlisted_processes.is_some());
    let count = |subject: &Subject<'_>, is_it: fn(Option<&Owner>) -> bool| {
        subject.processes().filter(|process| is_it(attribution.owner(process.pid))).count() as u64
    };
    let help = "Processes on the device that belong to no pod: it is in use by nobody in Kubernetes";
    let mut family = text.family("gpulse_gpu_processes_outside_kubernetes", Gauge, help);
    for subject in listed() {
        let outside = count(subject, |owner| matches!(owner, Some(Owner::Outside)));
        family.sample(&subject.device_labels, &[], outside);
    }
    let help = "Processes on the device of which it is not known whose they are";
    let mut family = text.family("gpulse_gpu_processes_unknown", Gauge, help);
    for subject in listed() {
        family.sample(&subject.device_labels, &[], count(subject, |owner| owner.is_none()));
    }
}

fn health(text: &mut Text, subjects: &[Subject<'_>]) {
    let boards = || subjects.iter().filter(|subject| subject.is_board());
    let mut family = text.family("gpulse_gpu_up", Gauge, "Whether the GPU can be read");
    for subject in boards() {
        family.sample(&subject.device_labels, &[], u64::from(subject.gpu.fault.is_none()));
    }
    let mut family = text.family("gpulse_gpu_fault", Gauge, "Why the GPU cannot be read");
    for subject in boards() {
        if let Some(fault) = &subject.gpu.fault {
            family.sample(&subject.device_labels, &[("fault", fault.name())], 1);
        }
    }
    let help = "When the GPU was read last, since the Unix epoch";
    let mut family = text.family("gpulse_gpu_read_timestamp_seconds", Gauge, help);
    for subject in boards().filter(|subject| subject.gpu.taken_at.0 > 0) {
        family.scaled(&subject.device_labels, &[], subject.gpu.taken_at.0, MILLI);
    }
}

fn agent(text: &mut Text, view: &View, layout: &Layout) {
    let build = [("version", env!("CARGO_PKG_VERSION")), ("dialect", &*layout.dialect.to_string())];
    text.family("gpulse_agent_info", Gauge, "The agent that runs").sample("", &build, 1);
    let help = "What keeps the GPUs or their XID errors from being read, or whose they are from being known: 1 for what is \
         the matter";
    let mut family = text.family("gpulse_agent_problem", Gauge, help);
    for kind in TroubleKind::ALL {
        let is_it = view.trouble.as_ref().is_some_and(|trouble| trouble.kind == kind);
        family.sample("", &[("problem", kind.name())], u64::from(is_it));
    }
    let is_told = view.xids.fault().is_none();
    family.sample("", &[("problem", Xids::PROBLEM)], u64::from(!is_told));
    if let Some(holders) = &view.holders {
        for kind in HolderFaultKind::ALL {
            let is_it = holders.faults().any(|fault| fault.kind == kind);
            family.sample("", &[("problem", kind.name())], u64::from(is_it));
        }
        if let Some(asked_at) = holders.asked_at {
            let help = "When kubelet said last whose the GPUs are, since the Unix epoch";
            let mut family = text.family("gpulse_agent_kubelet_answer_timestamp_seconds", Gauge, help);
            family.scaled("", &[], asked_at.0, MILLI);
        }
    }
    if let Some(reading) = &view.reading {
        let help = "When all GPUs were read last, since the Unix epoch";
        let mut family = text.family("gpulse_agent_read_timestamp_seconds", Gauge, help);
        family.scaled("", &[], reading.taken_at.0, MILLI);
        let window = view.averages.until.since(view.averages.since).as_millis() as u64;
        let help = "The time that the averages are taken over";
        text.family("gpulse_agent_window_seconds", Gauge, help).scaled("", &[], window, MILLI);
    }
}
