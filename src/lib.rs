//! gpulse places GPU pods by what the GPUs are really doing.
//!
//! The rooms, and who may know whom (nothing points up or sideways):
//!
//! ```text
//! main -> cli -> { extender, cache, telemetry, agent }   the edges, one cargo feature each
//!                extender -> placement -> cluster        the decision and its nouns, pure
//!                cache, telemetry, agent -> cluster
//! ```

#[cfg(any(feature = "agent", feature = "cache", feature = "extender", feature = "telemetry"))]
pub mod clock;
pub mod cluster;
pub mod placement;
#[cfg(any(feature = "agent", feature = "extender"))]
pub mod port;

#[cfg(feature = "agent")]
pub mod agent;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "program")]
pub mod cli;
#[cfg(feature = "program")]
pub mod config;
#[cfg(feature = "extender")]
pub mod extender;
#[cfg(feature = "telemetry")]
pub mod telemetry;
#[cfg(feature = "top")]
pub mod top;
