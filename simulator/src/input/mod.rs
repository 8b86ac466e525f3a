//! The door from tables to rows: CSV as a stream, and errors that say where.
//!
//! The columns are those of the openb trace (`simulator/data/openb`), or of the Philly trace for jobs with times. A file of ten million lines is read in constant
//! memory but for the fingerprints of its names.

mod catalogue;
mod error;
mod nodes;
mod philly;
mod pods;
mod table;
mod times;

pub use catalogue::{Price, ShapeRow, read_catalogue};
pub use error::InputError;
pub use nodes::{NodeRow, NodeTable, read_nodes};
pub use pods::{PodRow, read_pods};
pub use times::{PodTimes, read_timed_pods};
