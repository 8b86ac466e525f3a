//! Everything that can be tested in one process: one binary, one module for each room.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands; clippy exempts only the functions marked as tests"
)]

#[cfg(feature = "program")]
mod agent;
#[cfg(feature = "cache")]
mod cache;
mod cluster;
#[cfg(feature = "extender")]
mod extender;
mod placement;
#[cfg(feature = "program")]
mod program;
mod support;
#[cfg(feature = "telemetry")]
mod telemetry;
mod tidy;
