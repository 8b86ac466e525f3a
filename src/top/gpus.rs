//! The list of GPUs and MIG instances.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table, TableState};

use super::devices::Device;
use super::state::{Pane, State};
use super::theme::Theme;
use crate::agent::{Figure, utilization_ppm};

/// From here on there is room for longer bars and names.
const WIDE: u16 = 100;

/// What a cell holds where the device does not say.
const UNKNOWN: &str = "-";

const TENTHS_OF_GIB: u64 = (1 << 30) / 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Gpu,
    Model,
    Busy,
    Minute,
    Memory,
    Temperature,
    Power,
    Pods,
}

/// The dearest first: those at the end are left out where the screen is narrow.
const BY_WORTH: [Column; 8] = [
    Column::Gpu,
    Column::Busy,
    Column::Memory,
    Column::Temperature,
    Column::Model,
    Column::Power,
    Column::Minute,
    Column::Pods,
];

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Self::Gpu => "GPU",
            Self::Model => "MODEL",
            Self::Busy => "BUSY",
            Self::Minute => "MINUTE",
            Self::Memory => "MEMORY GiB",
            Self::Temperature => "TEMP",
            Self::Power => "POWER W",
            Self::Pods => "POD",
        }
    }

    fn width(self, is_wide: bool) -> u16 {
        match self {
            Self::Gpu => 5,
            Self::Model => {
                if is_wide {
                    24
                } else {
                    14
                }
            }
            Self::Busy => 5 + bar_width(is_wide),
            Self::Minute => {
                if is_wide {
                    20
                } else {
                    8
                }
            }
            Self::Memory => 11,
            Self::Temperature => 5,
            Self::Power => 7,
            Self::Pods => 10,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Memory | Self::Temperature | Self::Power)
    }

    /// Those that fit, in their order on the screen.
    fn fitting(width: u16) -> Vec<Self> {
        let is_wide = width >= WIDE;
        let mut room = width;
        let mut columns: Vec<Self> = BY_WORTH
            .into_iter()
            .map_while(|column| {
                room = room.checked_sub(column.width(is_wide) + 1)?;
                Some(column)
            })
            .collect();
        columns.sort_unstable();
        columns
    }
}

fn bar_width(is_wide: bool) -> u16 {
    if is_wide { 12 } else { 6 }
}

/// Draws the list.
pub(super) fn draw(state: &State, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let is_wide = area.width >= WIDE;
    let columns = Column::fitting(area.width);
    let devices = state.devices();
    let rows = devices.iter().map(|device| {
        Row::new(columns.iter().map(|column| {
            let line = cell(state, theme, device, *column, is_wide);
            Cell::from(if column.is_number() { line.right_aligned() } else { line })
        }))
    });
    let widths = columns.iter().map(|column| match column {
        Column::Pods => Constraint::Min(column.width(is_wide)),
        column => Constraint::Length(column.width(is_wide)),
    });
    let is_focused = state.focus == Pane::Gpus;
    let headings = columns.iter().map(|column| {
        let line = Line::from(column.heading());
        Cell::from(if column.is_number() { line.right_aligned() } else { line })
    });
    let mut table = Table::new(rows, widths).header(Row::new(headings).style(theme.heading(is_focused)));
    if is_focused {
        table = table.row_highlight_style(theme.chosen());
    }
    let mut chosen = TableState::new().with_selected(state.gpu_row.min(devices.len().saturating_sub(1)));
    frame.render_stateful_widget(table, area, &mut chosen);
}

fn cell<'a>(state: &State, theme: Theme, device: &Device<'a>, column: Column, is_wide: bool) -> Line<'a> {
    let figures = device.figures();
    let of = |figure| figures.get(figure).filter(|_| device.is_fresh);
    match column {
        Column::Gpu => Line::from(device.name()),
        Column::Model if device.instance.is_some() => Line::from(format!("  {}", device.model())),
        Column::Model => Line::from(device.model()),
        Column::Busy => match (device.condition(), utilization_ppm(figures)) {
            (Some(condition), _) => Line::styled(condition, theme.bad()),
            (None, Some((ppm, _))) => busy(theme, ppm, bar_width(is_wide)),
            // A GPU that is cut says nothing of itself: its instances do.
            (None, None) if device.instance.is_none() && device.gpu.mig => Line::from("MIG"),
            (None, None) => Line::from(UNKNOWN),
        },
        Column::Minute => {
            let cells = column.width(is_wide);
            let curve = state.history.curve(device.key(), state.agents_now(), cells);
            Line::styled(curve, theme.curve())
        }
        Column::Memory => pair(of(Figure::MemoryUsedBytes).map(gib), of(Figure::MemoryTotalBytes).map(gib)),
        Column::Temperature => Line::from(
            of(Figure::TemperatureCelsius).map_or(UNKNOWN.to_owned(), |value| format!("{value} C")),
        ),
        Column::Power => {
            pair(of(Figure::PowerMilliwatts).map(watts), of(Figure::PowerLimitMilliwatts).map(watts))
        }
        Column::Pods => Line::from(device.pods()),
    }
}

fn pair<'a>(now: Option<String>, most: Option<String>) -> Line<'a> {
    let text = |value: Option<String>| value.unwrap_or_else(|| UNKNOWN.to_owned());
    match (now, most) {
        (None, None) => Line::from(UNKNOWN),
        (now, most) => Line::from(format!("{}/{}", text(now), text(most))),
    }
}

fn gib(bytes: u64) -> String {
    let tenths = bytes / TENTHS_OF_GIB;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn watts(milliwatts: u64) -> String {
    ((milliwatts + 500) / 1000).to_string()
}

fn busy<'a>(theme: Theme, ppm: u64, width: u16) -> Line<'a> {
    let full = usize::from(width) * ppm.min(1_000_000) as usize;
    let full = (full + 500_000) / 1_000_000;
    Line::from(vec![
        Span::raw(format!("{:>3}% ", percent(ppm))),
        Span::styled("█".repeat(full), theme.bar()),
        Span::styled("░".repeat(usize::from(width) - full), theme.quiet()),
    ])
}

/// Whole percent, rounded.
pub(super) fn percent(ppm: u64) -> u64 {
    (ppm + 5000) / 10_000
}
