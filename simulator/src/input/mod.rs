//! The door from files to nouns: tables as streams of rows, a gpulse's snapshot, and errors that say where.
//!
//! The columns are those of the openb trace (`simulator/data/openb`), or of the Philly trace for jobs with times. A
//! file of ten million lines is read in constant memory but for the fingerprints of its names.

mod catalogue;
mod error;
mod nodes;
mod philly;
mod pods;
mod snapshot;
mod table;
mod times;

pub use catalogue::{Price, ShapeRow, read_catalogue};
pub use error::InputError;
pub use nodes::{NodeRow, NodeTable, read_nodes};
pub use pods::{PodRow, read_pods};
pub use snapshot::{is_json, read_snapshot};
pub use times::{PodTimes, read_timed_pods};
