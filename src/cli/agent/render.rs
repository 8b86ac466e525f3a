//! The node's GPUs as a table for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Row, Table, TableStyle};

use crate::agent::{Attribution, Figure, GpuReading, InstanceReading, Overview, utilization_ppm};
use crate::cli::output::style;
use crate::cluster::Timestamp;

const HEADINGS: [&str; 9] =
    ["GPU", "MODEL", "BUSY", "BY", "MEMORY MiB", "TEMP", "POWER", "PROCESSES", "PODS"];

/// Columns that hold numbers.
const NUMBERS: [usize; 4] = [2, 4, 5, 6];

/// Of more processes only the number is said.
const MOST_PIDS: usize = 8;

const BYTES_PER_MIB: u64 = 1 << 20;

/// What a cell holds where the device does not say.
const UNKNOWN: &str = "-";

/// The whole text: a line for each GPU and each MIG instance, then what is wrong.
pub(super) fn text(overview: &Overview) -> String {
    let gpus = || overview.reading.iter().flat_map(|reading| &reading.gpus);
    let attribution = overview.attribution.as_deref();
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_header(HEADINGS);
    for gpu in gpus() {
        table.add_rows(gpu.devices().map(|instance| row(gpu, instance, attribution)));
    }
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if NUMBERS.contains(&place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = format!("{}\n", table.trim_fmt());
    let faults = gpus().filter_map(|gpu| fault(gpu, overview.now));
    let outside = gpus().filter_map(|gpu| outside(gpu, attribution?));
    let (bad, plain) = (style::BAD.render(), style::BAD.render_reset());
    for line in faults.chain(outside).chain(overview.problems.iter().cloned()) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{bad}{line}{plain}");
    }
    let driver = overview.reading.as_ref().and_then(|reading| reading.driver_version.as_deref());
    let _ = writeln!(text, "driver {}", driver.unwrap_or(UNKNOWN));
    text
}

fn fault(gpu: &GpuReading, now: Timestamp) -> Option<String> {
    let age = match gpu.taken_at {
        Timestamp(0) => "it was never read".to_owned(),
        taken_at => format!("last read {} s ago", now.since(taken_at).as_secs()),
    };
    Some(format!("GPU {}: {} ({age})", gpu.index, gpu.fault.as_ref()?))
}

/// The GPU is in use by nobody in Kubernetes.
fn outside(gpu: &GpuReading, attribution: &Attribution) -> Option<String> {
    let outside = gpu.processes.iter().filter(|process| attribution.is_outside(process.pid));
    let pids: Vec<String> = outside.map(|process| process.pid.to_string()).collect();
    let more = match pids.len().saturating_sub(MOST_PIDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = pids[..pids.len().min(MOST_PIDS)].join(" ");
    (!pids.is_empty()).then(|| format!("GPU {}: in use outside Kubernetes (PID {shown}{more})", gpu.index))
}

fn row(gpu: &GpuReading, instance: Option<&InstanceReading>, attribution: Option<&Attribution>) -> Row {
    let processes = gpu.unlisted_processes.map(|unlisted| match instance.map(|instance| instance.mig.id) {
        None => gpu.processes.len() + unlisted as usize,
        inside => gpu.processes.iter().filter(|process| process.instance == inside).count(),
    });
    let figures = gpu.figures_of(instance);
    let with = |figure, unit: &str, per: u64| {
        figures.get(figure).map_or_else(|| UNKNOWN.to_owned(), |value| format!("{}{unit}", value / per))
    };
    let mib = |figure| with(figure, "", BYTES_PER_MIB);
    let busy = utilization_ppm(figures);
    let percent = busy.map(|(ppm, _)| format!("{} %", (ppm + 5_000) / 10_000));
    let source = busy.map(|(_, source)| source.to_string());
    let pods = attribution.map(|known| pods(known, gpu, instance)).filter(|pods| !pods.is_empty());
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
    let (name, model) = names(gpu, instance);
    let cells = [
        name,
        model,
        or_unknown(percent),
        or_unknown(source),
        format!("{} / {}", mib(Figure::MemoryUsedBytes), mib(Figure::MemoryTotalBytes)),
        with(Figure::TemperatureCelsius, " C", 1),
        with(Figure::PowerMilliwatts, " W", 1000),
        or_unknown(processes.map(|count| count.to_string())),
        or_unknown(pods),
    ];
    cells.into_iter().map(Cell::new).collect::<Vec<_>>().into()
}

fn names(gpu: &GpuReading, instance: Option<&InstanceReading>) -> (String, String) {
    if let Some(instance) = instance {
        return (format!("{}/{}", gpu.index, instance.mig.id), instance.mig.profile.to_string());
    }
    let model = gpu.identity.as_ref().map_or(UNKNOWN, |identity| &identity.model);
    let model = match &gpu.fault {
        Some(fault) => format!("{model} ({})", fault.name()),
        None if gpu.mig => format!("{model} (MIG)"),
        None => model.to_owned(),
    };
    (gpu.index.to_string(), model)
}

/// The pods that hold the device, each with how often where that is more than once.
fn pods(known: &Attribution, gpu: &GpuReading, instance: Option<&InstanceReading>) -> String {
    let mut pods: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (holder, count) in known.holders(&gpu.names(instance)) {
        *pods.entry((&holder.namespace, &holder.pod)).or_default() += count;
    }
    let pods = pods.into_iter().map(|((namespace, pod), count)| match count {
        1 => format!("{namespace}/{pod}"),
        count => format!("{namespace}/{pod} x{count}"),
    });
    pods.collect::<Vec<_>>().join(", ")
}
