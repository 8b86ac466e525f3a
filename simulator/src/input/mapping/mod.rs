//! Which of a stranger's columns means what: `cpu_milli=cpu*1000,num_gpu=gpus`.

mod number;
mod stream;

use std::str::FromStr;

use thiserror::Error;

use super::error::InputError;

pub use stream::Mapped;

/// What our columns are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    ours: String,
    from: Origin,
    /// As it was written.
    text: String,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// One number for all rows.
    Constant(String),
    /// A column of the file, times a number, over a number.
    Column { name: String, times: u64, over: u64 },
}

/// What is no mapping.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "found {0:?}, expected OURS=THEIRS, OURS=THEIRS*NUMBER, OURS=THEIRS/NUMBER or OURS=NUMBER, with commas between them, \
     each OURS once, such as cpu_milli=cpu*1000,num_gpu=gpus,gpu_milli=1000"
)]
pub struct MappingError(String);

impl FromStr for Mapping {
    type Err = MappingError;

    fn from_str(text: &str) -> Result<Self, MappingError> {
        let mut entries: Vec<Entry> = Vec::new();
        for part in text.split(',') {
            let refuse = || MappingError(part.to_owned());
            let (ours, theirs) = part.split_once('=').ok_or_else(refuse)?;
            let (ours, theirs) = (ours.trim(), theirs.trim());
            let from = Origin::parse(theirs).ok_or_else(refuse)?;
            if ours.is_empty() || entries.iter().any(|entry| entry.ours == ours) {
                return Err(refuse());
            }
            entries.push(Entry { ours: ours.to_owned(), from, text: theirs.to_owned() });
        }
        Ok(Self(entries))
    }
}

impl Mapping {
    /// Whether it makes this column of ours.
    #[must_use]
    pub fn makes(&self, ours: &str) -> bool {
        self.0.iter().any(|entry| entry.ours == ours)
    }

    /// The same fault with the mapping of its column, so that a person finds the value in the file.
    #[must_use]
    pub fn explain(&self, error: InputError) -> InputError {
        match error {
            InputError::Value { file, line, column, found, expected } => {
                let entry = self.0.iter().find(|entry| entry.ours == *column);
                let column = entry.map_or(column, |entry| format!("{} ({})", entry.ours, entry.text).into());
                InputError::Value { file, line, column, found, expected }
            }
            other => other,
        }
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return (!text.is_empty()).then(|| Self::Constant(text.to_owned()));
        }
        let number = |text: &str| text.trim().parse::<u64>().ok().filter(|number| *number > 0);
        let (name, times, over) = match text.rsplit_once(['*', '/']) {
            None => (text, 1, 1),
            Some((name, factor)) if text.as_bytes()[name.len()] == b'*' => (name, number(factor)?, 1),
            Some((name, divisor)) => (name, 1, number(divisor)?),
        };
        let name = name.trim();
        (!name.is_empty()).then(|| Self::Column { name: name.to_owned(), times, over })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mapping_is_refused() {
        for wrong in ["", "a", "a=", "=b", "a=b*", "a=b*0", "a=b/x", "a=*2", "a=b,a=c", "a=b,"] {
            assert!(wrong.parse::<Mapping>().is_err(), "{wrong:?}");
        }
        let mapping: Mapping = "cpu_milli = cpu util * 1000,num_gpu=8".parse().unwrap();
        let column = Origin::Column { name: "cpu util".into(), times: 1000, over: 1 };
        assert_eq!(mapping.0[0].from, column);
        assert_eq!(mapping.0[1].from, Origin::Constant("8".into()));
    }
}
