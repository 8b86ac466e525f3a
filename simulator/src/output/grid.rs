//! Numbers in columns, for people.

use comfy_table::{Cell, CellAlignment, Table, TableStyle};

/// A table with a line for each strategy: its name, then numbers to the right. `header` names the numbers.
pub(super) fn text<'a>(
    header: impl Iterator<Item = String>,
    rows: impl Iterator<Item = (&'a str, Vec<String>)>,
) -> String {
    named("strategy", header, rows)
}

/// A table with a line for each of something: its name, then numbers to the right.
pub(super) fn named<'a>(
    what: &str,
    header: impl Iterator<Item = String>,
    rows: impl Iterator<Item = (&'a str, Vec<String>)>,
) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_header(std::iter::once(what.to_owned()).chain(header));
    for (name, numbers) in rows {
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row(std::iter::once(Cell::new(name)).chain(numbers.into_iter().map(right)));
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}
