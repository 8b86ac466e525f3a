//! Everything that can be tested in one process: one binary, one module for each room.

#[cfg(feature = "cache")]
mod cache;
mod cluster;
mod placement;
mod support;
