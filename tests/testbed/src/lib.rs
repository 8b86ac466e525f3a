//! The real thing on one machine, for tests and the playground.
