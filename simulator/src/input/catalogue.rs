//! The table of node shapes that can be bought.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use super::error::InputError;
use super::nodes::{MAX_CPU_MILLI, MAX_GPUS, MAX_MEMORY_MIB};
use super::table::{Column, Table};
use crate::cluster::{Mib, MilliCpu};

/// A shape of nodes that can be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeRow {
    /// Its name (`name`), unique in the table: `p5.48xlarge`.
    pub name: Arc<str>,
    /// CPU that pods may have (`cpu_milli`).
    pub cpu: MilliCpu,
    /// Memory that pods may have (`memory_mib`).
    pub memory: Mib,
    /// GPUs (`gpu`).
    pub gpus: u32,
    /// Their model (`model`); `None` where the field is empty.
    pub model: Option<Arc<str>>,
    /// What one costs (`price`), in whatever unit and for whatever time; `None` where the table has no such column.
    pub price: Option<Price>,
}

/// A price: ten-thousandths of any currency, so that sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(pub u64);

impl fmt::Display for Price {
    /// With two decimals, or four where it has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest.is_multiple_of(100) {
            write!(f, "{whole}.{:02}", rest / 100)
        } else {
            write!(f, "{whole}.{rest:04}")
        }
    }
}

const NAME: usize = 0;
const CPU: usize = 1;
const MEMORY: usize = 2;
const GPUS: usize = 3;
const MODEL: usize = 4;
const PRICE: usize = 5;

const COLUMNS: &[Column] = &[
    Column { name: "name", needed: true },
    Column { name: "cpu_milli", needed: true },
    Column { name: "memory_mib", needed: true },
    Column { name: "gpu", needed: true },
    Column { name: "model", needed: false },
    Column { name: "price", needed: false },
];

/// Reads a catalogue; `file` is what errors call it. Returns its shapes, and the columns that nothing was read from.
///
/// # Errors
/// At the first thing that is wrong with it.
pub fn read_catalogue(file: &str, source: impl Read) -> Result<(Vec<ShapeRow>, Vec<String>), InputError> {
    let mut table = Table::open(file, source, COLUMNS)?;
    let mut rows = Vec::new();
    while table.advance()? {
        rows.push(ShapeRow {
            name: table.unique_name(NAME)?.into(),
            cpu: MilliCpu(table.whole(CPU, 0..=MAX_CPU_MILLI, "thousandths of a CPU")?),
            memory: Mib(table.whole(MEMORY, 0..=MAX_MEMORY_MIB, "MiB")?),
            gpus: table.whole(GPUS, 0..=MAX_GPUS, "GPUs")? as u32,
            model: table.optional(MODEL),
            price: if table.has(PRICE) { Some(price(&table)?) } else { None },
        });
    }
    Ok((rows, table.others))
}

fn price<R: Read>(table: &Table<R>) -> Result<Price, InputError> {
    let text = table.text(PRICE);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parsed = (digits(whole, 12) && digits(decimals, 4))
        .then(|| format!("{whole}{decimals:0<4}").parse().ok().map(Price))
        .flatten();
    parsed.ok_or_else(|| table.wrong(PRICE, "a price with at most four decimals, such as 98.32"))
}
