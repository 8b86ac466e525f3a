//! The node's GPUs as a table for people.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Row, Table, TableStyle};

use crate::agent::{Figure, Figures, GpuReading, Reading, utilization_ppm};
use crate::cli::output::style;
use crate::cluster::Timestamp;

const HEADINGS: [&str; 8] = ["GPU", "MODEL", "BUSY", "BY", "MEMORY MiB", "TEMP", "POWER", "PROCESSES"];

/// Columns that hold numbers.
const NUMBERS: [usize; 4] = [2, 4, 5, 6];

const BYTES_PER_MIB: u64 = 1 << 20;

/// What a cell holds where the device does not say.
const UNKNOWN: &str = "-";

/// The whole text: a line for each GPU and each MIG instance, then what is wrong.
pub(super) fn text(reading: &Reading, now: Timestamp) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_header(HEADINGS);
    for gpu in &reading.gpus {
        table.add_row(board(gpu));
        for instance in &gpu.instances {
            let name = format!("{}/{}", gpu.index, instance.mig.id);
            let inside = gpu.processes.iter().filter(|process| process.instance == Some(instance.mig.id));
            table.add_row(row(&name, &instance.mig.profile, &instance.figures, inside.count()));
        }
    }
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if NUMBERS.contains(&place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = format!("{}\n", table.trim_fmt());
    let (bad, plain) = (style::BAD.render(), style::BAD.render_reset());
    for (gpu, fault) in reading.gpus.iter().filter_map(|gpu| Some((gpu, gpu.fault.as_ref()?))) {
        let age = match gpu.taken_at {
            Timestamp(0) => "it was never read".to_owned(),
            taken_at => format!("last read {} s ago", now.since(taken_at).as_secs()),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{bad}GPU {}: {fault} ({age}){plain}", gpu.index);
    }
    let driver = reading.driver_version.as_deref().unwrap_or(UNKNOWN);
    let _ = writeln!(text, "driver {driver}");
    text
}

fn board(gpu: &GpuReading) -> Row {
    let model = gpu.identity.as_ref().map_or(UNKNOWN, |identity| &identity.model);
    let model = match &gpu.fault {
        Some(fault) => format!("{model} ({})", fault.name()),
        None if gpu.mig => format!("{model} (MIG)"),
        None => model.to_owned(),
    };
    row(&gpu.index.to_string(), &model, &gpu.figures, gpu.processes.len())
}

fn row(name: &str, model: &str, figures: &Figures, processes: usize) -> Row {
    let with = |figure, unit: &str, per: u64| {
        figures.get(figure).map_or_else(|| UNKNOWN.to_owned(), |value| format!("{}{unit}", value / per))
    };
    let mib = |figure| with(figure, "", BYTES_PER_MIB);
    let busy = utilization_ppm(figures);
    let percent = busy.map(|(ppm, _)| format!("{} %", (ppm + 5_000) / 10_000));
    let source = busy.map(|(_, source)| source.to_string());
    let cells = [
        name.to_owned(),
        model.to_owned(),
        percent.unwrap_or_else(|| UNKNOWN.to_owned()),
        source.unwrap_or_else(|| UNKNOWN.to_owned()),
        format!("{} / {}", mib(Figure::MemoryUsedBytes), mib(Figure::MemoryTotalBytes)),
        with(Figure::TemperatureCelsius, " C", 1),
        with(Figure::PowerMilliwatts, " W", 1000),
        processes.to_string(),
    ];
    cells.into_iter().map(Cell::new).collect::<Vec<_>>().into()
}
