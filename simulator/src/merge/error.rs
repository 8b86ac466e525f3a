//! Why results cannot be joined.

use thiserror::Error;

use crate::output::VERSION;
use crate::runs::Shard;

/// Why results cannot be joined.
#[derive(Debug, Error)]
pub enum MergeError {
    /// There are none.
    #[error("there is no result to join: expected files with results, or folders of them (*.json)")]
    Nothing,
    /// A file is no result.
    #[error("{file}: not the JSON of gpulse-sim fill or run: {source}")]
    NoResult {
        /// Which.
        file: String,
        /// What is wrong with it, and where.
        source: serde_json::Error,
    },
    /// A file is the result of another command.
    #[error("{file}: found a result of {found:?}, expected one of fill or run")]
    Command {
        /// Which file.
        file: String,
        /// Which command.
        found: String,
    },
    /// Another version made a file: its runs may differ from ours.
    #[error(
        "{file} was made by version {found}, and this is {VERSION}: join it with the version that made it"
    )]
    Version {
        /// Which file.
        file: String,
        /// Which version.
        found: String,
    },
    /// Two files are not of one experiment.
    #[error(
        "{file}: {field} is {found}, and in {other} it is {expected}: these are not parts of one experiment"
    )]
    Differs {
        /// The one.
        file: String,
        /// Where they differ.
        field: String,
        /// What the one has.
        found: String,
        /// The other.
        other: String,
        /// What it has.
        expected: String,
    },
    /// A part is there twice.
    #[error("{file} and {other} are both part {shard}: expected each part once")]
    Twice {
        /// The one.
        file: String,
        /// The other.
        other: String,
        /// Which part.
        shard: Shard,
    },
    /// Parts are missing.
    #[error("missing: {}; expected all parts (--partial joins what there is)", list(missing))]
    Missing {
        /// Which.
        missing: Vec<Shard>,
    },
    /// The runs of a file are not those of its part.
    #[error("{file}: {what}, which part {shard} of the runs does not have")]
    Runs {
        /// Which file.
        file: String,
        /// What is wrong with them.
        what: String,
        /// Which part it says it is.
        shard: Shard,
    },
    /// The runs of a file are fewer than it says.
    #[error("{file}: found {found} runs, expected the {expected} of part {shard}, since it is not partial")]
    Few {
        /// Which file.
        file: String,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
        /// Which part it says it is.
        shard: Shard,
    },
    /// A run is not of the shape that the command's runs have.
    #[error("the runs are not those of gpulse-sim {command}: {source}")]
    Shape {
        /// Which command.
        command: String,
        /// What is wrong with them.
        source: serde_json::Error,
    },
}

fn list(shards: &[Shard]) -> String {
    let names: Vec<String> = shards.iter().map(|shard| format!("part {shard}")).collect();
    names.join(", ")
}
