//! A stranger's table, read as one of ours.

use std::io::{Error, Read, Result};

use super::number::{scaled, whole};
use super::{Mapping, Origin};
use crate::input::error::InputError;
use crate::input::lines::Lines;
use crate::input::table::broken;

/// Gives the bytes of a table with our columns, a line for each row of the stranger's and in the same place, so that
/// what readers say of lines is true of the file.
#[derive(Debug)]
pub struct Mapped<R> {
    file: String,
    reader: csv::Reader<Lines<R>>,
    record: csv::StringRecord,
    columns: Vec<Made>,
    /// Whether a part of the smallest unit of CPU or memory counts as one: for requests, not for capacities.
    round_up: bool,
    /// Columns of the file that nothing is made of.
    pub unused: Vec<String>,
    /// What is not yet read of the line.
    line: Vec<u8>,
    read: usize,
    /// The number of the line, and of the row.
    lines: u64,
    rows: u64,
}

/// How a column of ours is made.
#[derive(Debug)]
struct Made {
    ours: String,
    from: From,
}

#[derive(Debug)]
enum From {
    Constant(String),
    Column {
        place: usize,
        times: u64,
        over: u64,
    },
    /// The row's number, where nobody says how pods are named.
    RowNumber,
    /// 1000 where there are GPUs: whole ones, where nobody says how much of each.
    WholeGpus {
        count: usize,
    },
}

/// Our columns that a table of pods must have, with what stands there where the mapping makes none.
const POD_DEFAULTS: [(&str, &str); 2] = [("cpu_milli", "0"), ("memory_mib", "0")];

impl<R: Read> Mapped<R> {
    /// Nodes as the mapping makes them; `file` is what errors call the file.
    ///
    /// # Errors
    /// Where the file has no header, or not the columns that the mapping takes.
    pub fn nodes(file: &str, source: R, mapping: &Mapping) -> std::result::Result<Self, InputError> {
        Self::open(file, source, mapping, false)
    }

    /// Pods as the mapping makes them. Where it leaves them open they have the row's number for a name, ask for no CPU
    /// and no memory, and for whole GPUs.
    ///
    /// # Errors
    /// Where the file has no header, or not the columns that the mapping takes.
    pub fn pods(file: &str, source: R, mapping: &Mapping) -> std::result::Result<Self, InputError> {
        let mut mapped = Self::open(file, source, mapping, true)?;
        let mut add = |ours: &str, from: From| {
            if !mapping.makes(ours) {
                mapped.columns.push(Made { ours: ours.to_owned(), from });
            }
        };
        add("name", From::RowNumber);
        POD_DEFAULTS.iter().for_each(|(ours, value)| add(ours, From::Constant((*value).to_owned())));
        if let Some(count) = mapping.0.iter().position(|entry| entry.ours == "num_gpu") {
            add("gpu_milli", From::WholeGpus { count });
        }
        mapped.head();
        Ok(mapped)
    }

    fn open(
        file: &str,
        source: R,
        mapping: &Mapping,
        round_up: bool,
    ) -> std::result::Result<Self, InputError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(Lines::of(source));
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(broken(file, reader.get_ref(), error)),
        };
        if header.is_empty() {
            let expected = "a header with the columns of the mapping".into();
            return Err(InputError::Empty { file: file.into(), found: "is empty", expected });
        }
        let make = |entry: &super::Entry| {
            let from = match &entry.from {
                Origin::Constant(value) => From::Constant(value.clone()),
                Origin::Column { name, times, over } => {
                    let missing = || InputError::Header {
                        file: file.into(),
                        column: name.clone(),
                        problem: "this column is missing",
                        found: header.iter().collect::<Vec<_>>().join(", "),
                    };
                    let place = header.iter().position(|theirs| theirs == name).ok_or_else(missing)?;
                    From::Column { place, times: *times, over: *over }
                }
            };
            Ok(Made { ours: entry.ours.clone(), from })
        };
        let columns: Vec<Made> =
            mapping.0.iter().map(make).collect::<std::result::Result<_, InputError>>()?;
        let used = |theirs: &str| {
            mapping.0.iter().any(|entry| matches!(&entry.from, Origin::Column { name, .. } if name == theirs))
        };
        let unused = header.iter().filter(|theirs| !used(theirs)).map(str::to_owned).collect();
        let record = csv::StringRecord::new();
        let mut mapped = Self {
            file: file.to_owned(),
            reader,
            record,
            columns,
            round_up,
            unused,
            line: Vec::new(),
            read: 0,
            lines: 0,
            rows: 0,
        };
        mapped.head();
        Ok(mapped)
    }

    /// Begins with the header.
    fn head(&mut self) {
        let names = self.columns.iter().map(|column| column.ours.as_str());
        self.line = format!("{}\n", names.collect::<Vec<_>>().join(",")).into_bytes();
        self.lines = 1;
    }

    /// Goes to the next row; false where there is none.
    fn advance(&mut self) -> Result<bool> {
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => return Err(Error::other(broken(&self.file, self.reader.get_ref(), error))),
        }
        self.rows += 1;
        self.line.clear();
        self.read = 0;
        let passed = self.record.position().map_or(0, csv::Position::line);
        self.reader.get_mut().forget_before(passed);
        let line = self.reader.get_ref().number(passed);
        // Blank lines, where the file has any.
        while self.lines + 1 < line {
            self.line.push(b'\n');
            self.lines += 1;
        }
        let fields: Vec<String> = self.columns.iter().map(|column| self.field(column)).collect();
        let mut writer = csv::WriterBuilder::new().from_writer(&mut self.line);
        writer.write_record(&fields).and_then(|()| Ok(writer.flush()?)).map_err(Error::other)?;
        drop(writer);
        self.lines += 1;
        Ok(true)
    }

    fn field(&self, column: &Made) -> String {
        match &column.from {
            From::Constant(value) => value.clone(),
            From::RowNumber => format!("pod-{}", self.rows),
            From::WholeGpus { count } => {
                if self.field(&self.columns[*count]) == "0" {
                    "0".into()
                } else {
                    "1000".into()
                }
            }
            From::Column { place, times, over } => {
                let text = self.record.get(*place).unwrap_or("");
                if (*times, *over) == (1, 1) {
                    return text.to_owned();
                }
                // What is no number stays as it is: the reader refuses it.
                let number = scaled(text, *times, *over).unwrap_or_else(|| text.to_owned());
                match column.ours.as_str() {
                    "cpu_milli" | "memory_mib" => whole(&number, self.round_up).unwrap_or(number),
                    _ => number,
                }
            }
        }
    }
}

impl<R: Read> Read for Mapped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.read == self.line.len() && !self.advance()? {
            return Ok(0);
        }
        let size = (&self.line[self.read..]).read(buffer)?;
        self.read += size;
        Ok(size)
    }
}
