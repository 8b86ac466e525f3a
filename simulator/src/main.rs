//! The gpulse-sim binary. What it does is in [`gpulse_simulator::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    gpulse_simulator::cli::run()
}
