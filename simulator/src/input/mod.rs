//! The door from files to nouns: tables as streams of rows, snapshots, traces, recordings, and errors that say where.
//!
//! The columns of tables are those of the openb trace (`simulator/data/openb`), or of the Philly trace for jobs with times.
//! A file of ten million lines is read in constant memory but for the fingerprints of its names.

mod catalogue;
mod error;
mod json_lines;
mod lines;
mod mapping;
mod moment;
mod names;
mod nodes;
mod philly;
mod pods;
mod recording;
mod snapshot;
mod table;
mod times;
mod trace;

pub use catalogue::{Price, ShapeRow, read_catalogue};
pub use error::InputError;
pub use mapping::{Mapped, Mapping, MappingError};
pub use moment::moment_ms;
pub use nodes::{NodeRow, NodeTable, read_nodes};
pub use philly::read_philly;
pub use pods::{PodRow, read_pods};
pub use recording::read_recording;
pub use snapshot::{is_json, read_snapshot};
pub use times::{PodTimes, read_timed_pods};
pub use trace::{TracePod, TraceWriter, read_trace};
