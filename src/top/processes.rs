//! The list of processes, each with its pod.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Row, Table, TableState};

use super::devices::Occupant;
use super::state::{Order, Pane, State};
use super::theme::Theme;

/// What a cell holds where nobody says.
const UNKNOWN: &str = "-";

const BYTES_PER_MIB: u64 = 1 << 20;

const WIDTHS: [Constraint; 6] = [
    Constraint::Length(5),
    Constraint::Length(8),
    Constraint::Length(6),
    Constraint::Length(12),
    Constraint::Fill(2),
    Constraint::Fill(1),
];

/// Columns that hold numbers.
const NUMBERS: [usize; 3] = [1, 2, 3];

/// Draws the list.
pub(super) fn draw(state: &State, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let occupants = state.occupants();
    let rows = occupants.iter().map(|occupant| Row::new(aligned(cells(state, occupant))));
    let is_focused = state.focus == Pane::Processes;
    let mark = |order, heading: &str| {
        if state.order == order { format!("{heading}▼") } else { heading.to_owned() }
    };
    let headings = [
        mark(Order::Device, "GPU"),
        "PID".to_owned(),
        mark(Order::Busy, "BUSY"),
        mark(Order::Memory, "MEMORY MiB"),
        mark(Order::Pod, "POD"),
        "CONTAINER".to_owned(),
    ];
    let mut table =
        Table::new(rows, WIDTHS).header(Row::new(aligned(headings)).style(theme.heading(is_focused)));
    if is_focused {
        table = table.row_highlight_style(theme.chosen());
    }
    let mut chosen =
        TableState::new().with_selected(state.process_row.min(occupants.len().saturating_sub(1)));
    frame.render_stateful_widget(table, area, &mut chosen);
}

fn cells(state: &State, occupant: &Occupant<'_>) -> [String; 6] {
    let process = occupant.process;
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
    [
        occupant.device.clone(),
        process.pid.to_string(),
        or_unknown(process.utilization_percent.map(|percent| format!("{percent}%"))),
        or_unknown(process.memory_bytes.map(|bytes| (bytes / BYTES_PER_MIB).to_string())),
        occupant.pod(state),
        occupant.owner.map_or_else(String::new, |owner| owner.container.to_string()),
    ]
}

fn aligned(cells: [String; 6]) -> impl Iterator<Item = Cell<'static>> {
    cells.into_iter().enumerate().map(|(place, text)| {
        let line = Line::from(text);
        Cell::from(if NUMBERS.contains(&place) { line.right_aligned() } else { line })
    })
}
