//! A part of the runs.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The `i`-th of `n` parts: for a sweep that is spread over machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    parts: usize,
}

/// What is no shard.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a part and the number of parts, 1/4 to 4/4 for instance")]
pub struct ShardError;

impl Default for Shard {
    /// Everything.
    fn default() -> Self {
        Self { part: 1, parts: 1 }
    }
}

impl Shard {
    /// Whether the run with this number is in it: every `n`-th is, so that parts take about the same time.
    #[must_use]
    pub fn has(self, number: usize) -> bool {
        number % self.parts == self.part - 1
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (part, parts) = text.split_once('/').ok_or(ShardError)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| ShardError);
        let shard = Self { part: number(part)?, parts: number(parts)? };
        if (1..=shard.parts).contains(&shard.part) { Ok(shard) } else { Err(ShardError) }
    }
}

impl fmt::Display for Shard {
    /// As it is typed: `1/4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.parts)
    }
}
