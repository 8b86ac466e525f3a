//! Everything of the simulator that can be tested in one process, and the program itself: one binary.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it stands; clippy exempts only the functions marked as tests"
)]

mod compare;
mod fill;
mod fragmentation;
mod import;
mod input;
mod merge;
mod output;
mod page;
mod paper;
mod place;
mod plan;
mod policy;
mod priorities;
mod program;
mod readers;
mod readme;
mod replay;
mod rhythm;
mod run;
mod run_input;
mod run_output;
mod run_plain;
mod run_policy;
mod run_properties;
mod snapshot;
mod support;
mod sweep;
mod trace;
