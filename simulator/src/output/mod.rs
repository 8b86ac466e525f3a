//! What commands say: one report each, written for people, for programs and for spreadsheets.
//!
//! A report has a room named after its command. What it says to people is text with tables, to programs JSON, to
//! spreadsheets CSV: a [`Document`]. What it shows to those who look is a [`Page`] with figures.

mod chart;
pub mod compare;
mod document;
mod figure;
pub mod fill;
mod fingerprint;
mod grid;
mod head;
mod markup;
mod page;
pub mod place;
pub mod plan;
pub mod replay;
pub mod run;
mod words;

pub use document::Document;
pub(crate) use head::VERSION;
pub use head::{ExperimentHead, PodsReport};
pub use page::{Illustrated, Page};
