//! What commands say: one report each, written for people, for programs and for spreadsheets.
//!
//! A report has a room named after its command. What it says to people is text with tables, to programs JSON, to
//! spreadsheets CSV: a [`Document`].

mod document;
pub mod fill;
mod grid;
mod head;
pub mod place;
pub mod replay;
pub mod run;

pub use document::Document;
pub use head::{ExperimentHead, PodsReport};
