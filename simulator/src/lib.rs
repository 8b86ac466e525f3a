//! The simulator's room: virtual time, traces and reports, on `gpulse::cluster` and `gpulse::placement` only.
//!
//! Nothing is simulated yet. The crate exists so that the core's independence from every edge is compiled on each
//! build: it depends on `gpulse` without any feature.

pub use gpulse::{cluster, placement};
