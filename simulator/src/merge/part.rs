//! A result of a part of an experiment, as it was written.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::MergeError;
use crate::output::VERSION;
use crate::runs::Shard;

/// A result of a part of an experiment, or of all of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// What errors call it.
    pub(super) file: String,
    pub(super) shard: Shard,
    /// Whether it was stopped before all its runs were done.
    pub(super) partial: bool,
    pub(super) seeds: Vec<u64>,
    /// The strategies' names.
    pub(super) strategies: Vec<String>,
    /// By their number among all runs.
    pub(super) runs: BTreeMap<usize, Value>,
    /// All else that was asked.
    pub(super) asked: Map<String, Value>,
}

#[derive(Deserialize)]
struct Written {
    version: String,
    command: String,
    shard: Shard,
    partial: bool,
    seeds: Vec<u64>,
    strategies: Vec<WrittenStrategy>,
}

#[derive(Deserialize)]
struct WrittenStrategy {
    name: String,
    runs: Vec<Value>,
}

/// What parts may differ in.
const OF_A_PART: [&str; 4] = ["seeds", "shard", "partial", "strategies"];

impl Part {
    /// Reads a result; `file` is what errors call it.
    ///
    /// # Errors
    /// Where it is not the JSON of `fill` or `run` by this version, or has not the runs of its part.
    pub fn read(file: &str, text: &[u8]) -> Result<Self, MergeError> {
        let no_result = |source| MergeError::NoResult { file: file.to_owned(), source };
        let mut asked: Map<String, Value> = serde_json::from_slice(text).map_err(no_result)?;
        let written: Written = serde_json::from_slice(text).map_err(no_result)?;
        OF_A_PART.iter().for_each(|field| drop(asked.remove(*field)));
        if !["fill", "run"].contains(&written.command.as_str()) {
            return Err(MergeError::Command { file: file.to_owned(), found: written.command });
        }
        if written.version != VERSION {
            return Err(MergeError::Version { file: file.to_owned(), found: written.version });
        }
        let strategies = written.strategies.iter().map(|strategy| strategy.name.clone()).collect();
        let mut part = Self {
            file: file.to_owned(),
            shard: written.shard,
            partial: written.partial,
            seeds: written.seeds,
            strategies,
            runs: BTreeMap::new(),
            asked,
        };
        part.take(written.strategies)?;
        Ok(part)
    }

    /// The command whose result it is.
    pub(super) fn command(&self) -> &str {
        self.asked.get("command").and_then(Value::as_str).unwrap_or_default()
    }

    /// Numbers the runs, which must be those of the part.
    fn take(&mut self, strategies: Vec<WrittenStrategy>) -> Result<(), MergeError> {
        let wrong = |what: String| MergeError::Runs { file: self.file.clone(), what, shard: self.shard };
        let places: HashMap<u64, usize> =
            self.seeds.iter().enumerate().map(|(place, seed)| (*seed, place)).collect();
        for (row, strategy) in strategies.into_iter().enumerate() {
            for run in strategy.runs {
                let seed = run.get("seed").and_then(Value::as_u64);
                let number =
                    seed.and_then(|seed| places.get(&seed)).map(|place| row * self.seeds.len() + place);
                let name = || {
                    let seed = seed.map_or_else(|| "no seed".to_owned(), |seed| format!("seed {seed}"));
                    format!("a run of {} with {seed}", strategy.name)
                };
                let Some(number) = number.filter(|number| self.shard.has(*number)) else {
                    return Err(wrong(name()));
                };
                if self.runs.insert(number, run).is_some() {
                    return Err(wrong(format!("{} twice", name())));
                }
            }
        }
        let all = self.strategies.len() * self.seeds.len();
        let expected = (0..all).filter(|number| self.shard.has(*number)).count();
        if self.partial || self.runs.len() == expected {
            return Ok(());
        }
        Err(MergeError::Few { file: self.file.clone(), found: self.runs.len(), expected, shard: self.shard })
    }

    /// Whether the other is of the same experiment.
    pub(super) fn agrees(&self, other: &Self) -> Result<(), MergeError> {
        let parts = (self.shard.parts().to_string(), other.shard.parts().to_string());
        let seeds = (format!("{:?}", self.seeds), format!("{:?}", other.seeds));
        let strategies = (self.strategies.join(","), other.strategies.join(","));
        let of_runs = [("seeds", seeds), ("strategies", strategies), ("the number of parts", parts)];
        let of_runs = of_runs.into_iter().find(|(_, (one, other))| one != other);
        let of_runs = of_runs.map(|(field, (one, other))| (field.to_owned(), one, other));
        let asked = |field: &String| {
            let value = |part: &Self| part.asked.get(field).map_or("missing".into(), Value::to_string);
            let (one, other) = (value(self), value(other));
            (one != other).then(|| (field.clone(), one, other))
        };
        let command = asked(&"command".to_owned());
        let differs =
            command.or_else(|| self.asked.keys().chain(other.asked.keys()).find_map(asked)).or(of_runs);
        let Some((field, expected, found)) = differs else { return Ok(()) };
        let (file, other) = (other.file.clone(), self.file.clone());
        Err(MergeError::Differs { file, field, found, other, expected })
    }
}
