//! Everything that can be tested in one process: one binary, one module for each room.

mod cluster;
mod placement;
mod support;
