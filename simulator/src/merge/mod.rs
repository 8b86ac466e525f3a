//! Joining the results of the parts of an experiment: the same bytes as if one machine had done all of it.
//!
//! Only runs are joined. What was asked must be the same in all parts, and means are made of the runs again.

mod error;
mod part;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use error::MergeError;
pub use part::Part;

use crate::output::{fill, run};
use crate::runs::Shard;

/// A whole result.
#[derive(Debug, Clone)]
pub enum Joined {
    /// Of `gpulse-sim fill`.
    Fill(fill::Report),
    /// Of `gpulse-sim run`.
    Run(run::Report),
}

/// Joins parts of one experiment, in any order. With `even_partial` parts may be missing.
///
/// # Errors
/// Where they are not all parts of one experiment by this version, or one is missing or twice there.
pub fn join(parts: Vec<Part>, even_partial: bool) -> Result<Joined, MergeError> {
    let first = parts.first().ok_or(MergeError::Nothing)?;
    parts.iter().skip(1).try_for_each(|part| first.agrees(part))?;
    let (count, command) = (first.shard.parts(), first.command().to_owned());
    let mut by_part: BTreeMap<usize, Part> = BTreeMap::new();
    for part in parts {
        let (shard, file) = (part.shard, part.file.clone());
        if let Some(other) = by_part.insert(part.shard.part(), part) {
            return Err(MergeError::Twice { file, other: other.file, shard });
        }
    }
    let missing: Vec<Shard> = (1..=count)
        .filter(|part| !by_part.contains_key(part))
        .filter_map(|part| format!("{part}/{count}").parse().ok())
        .collect();
    if !even_partial && !missing.is_empty() {
        return Err(MergeError::Missing { missing });
    }
    let partial = !missing.is_empty() || by_part.values().any(|part| part.partial);
    whole(by_part.into_values().collect(), partial, &command)
}

/// One result with all runs, in their order.
fn whole(mut parts: Vec<Part>, partial: bool, command: &str) -> Result<Joined, MergeError> {
    let mut runs: BTreeMap<usize, Value> = BTreeMap::new();
    parts.iter_mut().for_each(|part| runs.append(&mut part.runs));
    let Some(Part { asked, seeds, strategies, .. }) = parts.into_iter().next() else {
        return Err(MergeError::Nothing);
    };
    let mut by_strategy: Vec<Vec<Value>> = vec![Vec::new(); strategies.len()];
    for (number, run) in runs {
        by_strategy[number / seeds.len()].push(run);
    }
    let strategies = strategies.into_iter().zip(by_strategy);
    let strategies: Vec<Value> = strategies.map(|(name, runs)| json!({"name": name, "runs": runs})).collect();
    let mut result = asked;
    result.insert("seeds".into(), json!(seeds));
    result.insert("shard".into(), json!(Shard::default()));
    result.insert("partial".into(), json!(partial));
    result.insert("strategies".into(), json!(strategies));
    match command {
        "run" => typed(result, command).map(Joined::Run),
        _ => typed(result, command).map(Joined::Fill),
    }
}

fn typed<T: DeserializeOwned>(result: Map<String, Value>, command: &str) -> Result<T, MergeError> {
    serde_json::from_value(Value::Object(result))
        .map_err(|source| MergeError::Shape { command: command.to_owned(), source })
}
