//! The metrics edge: what becomes of series, then the whole way from a pretended Prometheus to the board.

mod answers;
mod choosing;
mod config;
mod devices;
mod edge;
mod failing;
mod fake;
mod joining;
mod language;
mod refreshing;
mod roster;
mod tls;
