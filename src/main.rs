//! The gpulse binary. What it does is in [`gpulse::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    gpulse::cli::run()
}
