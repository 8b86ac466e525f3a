//! A part of the runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
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
    /// The part, from 1 on.
    #[must_use]
    pub fn part(self) -> usize {
        self.part
    }

    /// Of how many.
    #[must_use]
    pub fn parts(self) -> usize {
        self.parts
    }

    /// Whether it is everything.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.parts == 1
    }

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

/// The same, counted from zero: `0/4` to `3/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardIndex(Shard);

/// What is no index of a shard.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a part counted from 0 and the number of parts, 0/4 to 3/4 for instance")]
pub struct ShardIndexError;

impl FromStr for ShardIndex {
    type Err = ShardIndexError;

    fn from_str(text: &str) -> Result<Self, ShardIndexError> {
        let (index, parts) = text.split_once('/').ok_or(ShardIndexError)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| ShardIndexError);
        let (index, parts) = (number(index)?, number(parts)?);
        if index < parts { Ok(Self(Shard { part: index + 1, parts })) } else { Err(ShardIndexError) }
    }
}

impl From<ShardIndex> for Shard {
    fn from(index: ShardIndex) -> Self {
        index.0
    }
}

impl fmt::Display for Shard {
    /// As it is typed: `1/4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.parts)
    }
}

impl Serialize for Shard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(format_args!("shard {text:?}: {error}")))
    }
}
