//! A small chart of lines for a terminal: braille dots, and each line's name at its end.

use super::figure::{Axis, Series, apart};

/// Rows of the plot; with the axis and its values it takes two more.
const ROWS: usize = 10;
const COLUMNS: usize = 72;
/// Columns of the values to the left.
const LEFT: usize = 7;

/// The dots of a cell, by row and column: bits of the code points from U+2800 on (The Unicode Standard, Braille
/// Patterns).
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Each series' means over the axes, at most twelve lines of 72 columns.
pub(super) fn text(x: &Axis, y: &Axis, series: &[Series]) -> String {
    let longest = series.iter().map(|series| series.name.chars().count()).max().unwrap_or(0);
    let width = COLUMNS.saturating_sub(LEFT + longest + 3).max(20);
    let mut cells = vec![vec![0_u8; width]; ROWS];
    let mut ends = Vec::new();
    for series in series {
        let dots = dots(x, y, series, width);
        for (column, row) in &dots {
            cells[row / 4][column / 2] |= DOTS[row % 4][column % 2];
        }
        ends.extend(dots.last().map(|(_, row)| (*row as f64 / 4.0, series.name.as_str())));
    }
    let names = names(ends);
    let values = beside(y);
    let mut text = String::new();
    for (row, cells) in cells.into_iter().enumerate() {
        let dots: String =
            cells.into_iter().map(|dots| char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ')).collect();
        let line = format!("{:>LEFT$}┤{}  {}", values[row], dots.replace('\u{2800}', " "), names[row]);
        text += &format!("{}\n", line.trim_end());
    }
    text + &below(x, width)
}

/// The dots of a line, two to a column and four to a row, from left to right and from the top.
fn dots(x: &Axis, y: &Axis, series: &Series, width: usize) -> Vec<(usize, usize)> {
    let (right, bottom) = (2 * width - 1, 4 * ROWS - 1);
    let seen: Vec<(f64, f64)> = series
        .points
        .iter()
        .filter(|(at, _)| x.has(*at))
        .map(|(at, spread)| (x.place(*at, 0.0, right as f64), y.place(spread.mean, bottom as f64, 0.0)))
        .collect();
    let mut dots = Vec::new();
    for (number, (column, row)) in seen.iter().enumerate() {
        let (from_column, from_row) = if number == 0 { (*column, *row) } else { seen[number - 1] };
        let steps = (column - from_column).abs().max((row - from_row).abs()).ceil().max(1.0);
        for step in 0..=steps as usize {
            let part = step as f64 / steps;
            let at = |from: f64, to: f64, last: usize| {
                ((from + (to - from) * part).round().max(0.0) as usize).min(last)
            };
            dots.push((at(from_column, *column, right), at(from_row, *row, bottom)));
        }
    }
    dots
}

/// The names by row. Names that want the same row stand around it; where there are more names than rows, the last row
/// says how many are missing.
fn names(mut ends: Vec<(f64, &str)>) -> Vec<String> {
    let mut named = vec![String::new(); ROWS];
    ends.sort_by(|one, other| one.0.total_cmp(&other.0));
    let missing = ends.len().saturating_sub(ROWS);
    if missing > 0 {
        ends.truncate(ROWS - 1);
    }
    let last = ROWS - 1 - usize::from(missing > 0);
    let wanted: Vec<f64> = ends.iter().map(|(row, _)| row.floor()).collect();
    let mut next = 0;
    for ((_, name), place) in ends.iter().zip(apart(&wanted, 1.0, 0.0, last as f64)) {
        let row = (place.round() as usize).clamp(next, ROWS - 1);
        named[row] = (*name).to_owned();
        next = row + 1;
    }
    if missing > 0 {
        named[ROWS - 1] = format!("and {} below", missing + 1);
    }
    named
}

/// The values beside the rows.
fn beside(y: &Axis) -> Vec<String> {
    let mut values = vec![String::new(); ROWS];
    for tick in y.ticks(5) {
        let row = y.place(tick.value, (4 * ROWS - 1) as f64, 0.0) / 4.0;
        values[(row.max(0.0) as usize).min(ROWS - 1)] = tick.text;
    }
    values
}

/// The axis and the values below it.
fn below(x: &Axis, width: usize) -> String {
    let mut line = vec!['─'; width];
    let mut values = vec![' '; COLUMNS];
    let mut free = 0;
    for tick in x.ticks(6) {
        let column = x.place(tick.value, 0.0, (width - 1) as f64).round() as usize;
        line[column.min(width - 1)] = '┬';
        let first = (LEFT + 1 + column).saturating_sub(tick.text.len() / 2);
        if first >= free && first + tick.text.len() < COLUMNS {
            for (place, character) in tick.text.chars().enumerate() {
                values[first + place] = character;
            }
            free = first + tick.text.len() + 1;
        }
    }
    let (line, values): (String, String) = (line.into_iter().collect(), values.into_iter().collect());
    format!("{:LEFT$}└{line}\n{}\n", "", values.trim_end())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::stats::Spread;

    fn series(name: &str, value: impl Fn(f64) -> f64) -> Series {
        let point = |percent: u32| {
            let x = f64::from(percent);
            (x, Spread { mean: value(x), sd: 0.0 })
        };
        Series { name: name.into(), values: 1, points: (80..=130).map(point).collect() }
    }

    #[test]
    fn lines_are_named_at_their_ends() {
        let (x, y) = (Axis::linear("", 80.0, 130.0), Axis::linear("", 80.0, 100.0));
        let lines = [
            series("fgd", |x| x.min(95.0)),
            series("binpack", |x| x.min(94.5)),
            series("random", |x| 70.0 + x / 7.0),
        ];
        let text = text(&x, &y, &lines);
        assert!(text.lines().count() <= 12 && text.lines().all(|line| line.chars().count() <= 72));
        assert_snapshot!(text, @"
100┤
   ┤
 95┤               ⢀⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤  fgd
   ┤             ⢀⠔⠉                                         binpack
 90┤           ⢠⠜⠁
   ┤        ⢀⡠⠊⠁                                      ⣀⣀⣀⣀⠤  random
   ┤      ⢀⡰⠊                         ⣀⣀⣀⣀⡤⠤⠤⠤⠖⠒⠒⠒⠋⠉⠉⠉
 85┤    ⢀⠔⠃           ⢀⣀⣀⣀⡠⠤⠤⠤⠔⠒⠒⠒⠊⠉⠉⠉⠁
   ┤  ⡠⣔⣁⣀⣀⠤⠤⠤⠤⠒⠒⠒⠊⠉⠉⠉⠁
 80┤⡩⠋⠉
   └┬──────────┬──────────┬─────────┬──────────┬──────────┬
   80         90         100       110        120        130
");
    }

    #[test]
    fn names_without_a_row_are_counted() {
        let (x, y) = (Axis::linear("", 80.0, 130.0), Axis::linear("", 80.0, 100.0));
        let lines: Vec<Series> = (0..13).map(|number| series(&format!("s{number:02}"), |_| 90.0)).collect();
        let text = text(&x, &y, &lines);
        assert_eq!(text.lines().filter(|line| line.contains(" s")).count(), 9);
        assert!(text.contains("and 4 below"), "{text}");
    }
}
