//! Everything that can be tested in one process: one binary, one module for each room.

#[cfg(feature = "cache")]
mod cache;
mod cluster;
#[cfg(feature = "extender")]
mod extender;
mod placement;
#[cfg(feature = "program")]
mod program;
mod support;
mod tidy;
#[cfg(feature = "telemetry")]
mod telemetry;
