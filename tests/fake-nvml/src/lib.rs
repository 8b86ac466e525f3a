//! A pretended NVIDIA Management Library, as a real shared library: NVML's C symbols, answered from a scenario file.
//!
//! ```text
//! program --dlopen--> libfake_nvml.so --(each call)--> scenario file, read again when it changes
//! ```
//!
//! `FAKE_NVML_SCENARIO` names the file. Since it is read again while the program runs, a test pulls a GPU off the bus by
//! writing another one. [`Scenario::write`] replaces it in one step.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a library of C has a clock and an environment"
)]

mod exports;
mod scenario;
mod state;

use std::path::PathBuf;

pub use scenario::{
    Curve, Ecc, Gpm, Gpu, Instance, LinkErrors, Links, PcieRates, Process, Remapped, Retired, Scenario, Xid,
};

/// The variable that names the scenario file.
pub const SCENARIO_VARIABLE: &str = "FAKE_NVML_SCENARIO";

const LIBRARY: &str = "libfake_nvml.so";

/// The shared library, where cargo puts it for whoever depends on this crate: beside tests and benches, and in the folder
/// `deps` beside programs, where one beside the program is of an older build.
///
/// # Errors
/// What the system says where the running program has no path.
pub fn library() -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let inside = program.with_file_name("deps").join(LIBRARY);
    Ok(if inside.exists() { inside } else { program.with_file_name(LIBRARY) })
}
