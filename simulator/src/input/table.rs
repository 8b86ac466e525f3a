//! One table: its header resolved once, its rows one after the other.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::error::InputError;
use super::lines::Lines;
use super::names::Names;

/// A column that a table may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its name in the header.
    pub(super) name: &'static str,
    /// Whether the table must have it.
    pub(super) needed: bool,
}

/// A table that is read row by row. Columns are named by their place in the list that it was opened with.
pub(super) struct Table<R> {
    file: String,
    reader: csv::Reader<Lines<R>>,
    columns: &'static [Column],
    /// For each of `columns`, its place in the file.
    places: Vec<Option<usize>>,
    /// Columns of the file that are none of `columns`.
    pub(super) others: Vec<String>,
    record: csv::StringRecord,
    names: Names,
    rows: u64,
}

impl<R: Read> Table<R> {
    /// Reads the header.
    pub(super) fn open(file: &str, source: R, columns: &'static [Column]) -> Result<Self, InputError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(Lines::of(source));
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(broken(file, reader.get_ref(), error)),
        };
        let expected = || {
            let needed = columns.iter().filter(|column| column.needed).map(|column| column.name);
            format!("a header with the columns {}", needed.collect::<Vec<_>>().join(", "))
        };
        if header.is_empty() {
            return Err(InputError::Empty { file: file.into(), found: "is empty", expected: expected() });
        }
        let wrong = |column: &str, problem| InputError::Header {
            file: file.into(),
            column: column.into(),
            problem,
            found: header.iter().collect::<Vec<_>>().join(", "),
        };
        let mut seen = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !seen.insert(*name)) {
            return Err(wrong(twice, "this column is there twice"));
        }
        let place = |column: &Column| header.iter().position(|name| name == column.name);
        if let Some(missing) = columns.iter().find(|column| column.needed && place(column).is_none()) {
            return Err(wrong(missing.name, "this column is missing"));
        }
        let known = |name: &str| columns.iter().any(|column| column.name == name);
        Ok(Self {
            places: columns.iter().map(place).collect(),
            others: header.iter().filter(|name| !known(name)).map(str::to_owned).collect(),
            file: file.into(),
            reader,
            columns,
            record: csv::StringRecord::new(),
            names: Names::default(),
            rows: 0,
        })
    }

    /// Goes to the next row; false where there is none.
    ///
    /// # Errors
    /// Where the line has another number of fields than the header, or where the table ends without a single row.
    pub(super) fn advance(&mut self) -> Result<bool, InputError> {
        let more = match self.reader.read_record(&mut self.record) {
            Ok(more) => more,
            Err(error) => return Err(broken(&self.file, self.reader.get_ref(), error)),
        };
        let line = self.record.position().map_or(0, csv::Position::line);
        self.reader.get_mut().forget_before(line);
        self.rows += u64::from(more);
        if self.rows == 0 {
            let (file, expected) = (self.file.clone(), "at least one row".into());
            return Err(InputError::Empty { file, found: "has a header and no rows", expected });
        }
        Ok(more)
    }

    /// Whether the file has the column.
    pub(super) fn has(&self, column: usize) -> bool {
        self.places[column].is_some()
    }

    /// The field's text; empty where the table does not have the column.
    pub(super) fn text(&self, column: usize) -> &str {
        self.places[column].and_then(|place| self.record.get(place)).unwrap_or("")
    }

    /// The field's text; `None` where it is empty, or the table does not have the column.
    pub(super) fn optional(&self, column: usize) -> Option<Arc<str>> {
        Some(self.text(column)).filter(|text| !text.is_empty()).map(Arc::from)
    }

    /// The field as a whole number within `range`. `what` says what it counts.
    pub(super) fn whole(
        &self,
        column: usize,
        range: RangeInclusive<u64>,
        what: &str,
    ) -> Result<u64, InputError> {
        let number = self.text(column).parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            self.wrong(column, format!("a whole number of {what}, {} to {}", range.start(), range.end()))
        })
    }

    /// The field as a name that no earlier row has.
    pub(super) fn unique_name(&mut self, column: usize) -> Result<&str, InputError> {
        if self.text(column).is_empty() {
            return Err(self.wrong(column, "a name"));
        }
        if !self.names.insert(self.places[column].and_then(|place| self.record.get(place)).unwrap_or("")) {
            return Err(self.wrong(column, "a name that no earlier line has"));
        }
        Ok(self.text(column))
    }

    /// The error for a value of the current row.
    pub(super) fn wrong(&self, column: usize, expected: impl Into<Cow<'static, str>>) -> InputError {
        InputError::Value {
            file: self.file.clone(),
            line: self.reader.get_ref().number(self.record.position().map_or(0, csv::Position::line)),
            column: self.columns[column].name.into(),
            found: self.text(column).to_owned(),
            expected: expected.into(),
        }
    }
}

/// What the CSV reader says, in our words.
pub(super) fn broken<R: Read>(file: &str, lines: &Lines<R>, error: csv::Error) -> InputError {
    let line = |position: Option<csv::Position>| lines.number(position.map_or(1, |at| at.line()));
    let (line, found, expected) = match error.into_kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            (line(pos), format!("{len} fields"), format!("{expected_len}, as the header has").into())
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            (line(pos), "bytes that are no UTF-8".into(), "text in UTF-8".into())
        }
        csv::ErrorKind::Io(cause) => {
            // A table that is made of another one tells what is wrong with that one.
            let ours = cause.downcast::<InputError>();
            return ours.unwrap_or_else(|cause| InputError::Unreadable { file: file.into(), cause });
        }
        other => {
            let cause = std::io::Error::other(format!("{other:?}"));
            return InputError::Unreadable { file: file.into(), cause };
        }
    };
    InputError::Line { file: file.into(), line, found, expected }
}
