//! The one door to NVML: its calls become readings, its errors faults.
//!
//! Every call here may block, and some drivers let one hang for ever: only the reading thread and the event thread come
//! in. What a driver or a GPU does not know is absent, whatever NVML calls that.

mod board;
mod gpm;
mod mig;
mod processes;
mod raw;
mod session;
mod xid;

use std::path::Path;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::reading::DeviceFault;

pub(super) use session::{Session, nothing};
pub(super) use xid::Listener;

/// Loads the library and initializes it.
pub(super) fn open(library: Option<&Path>) -> Result<Nvml, NvmlError> {
    match library {
        Some(path) => Nvml::builder().lib_path(path.as_os_str()).init(),
        None => Nvml::init(),
    }
}

/// Asks a device one thing after the other, and remembers an error that ends the asking.
#[derive(Debug, Default)]
struct Asking {
    fatal: Option<NvmlError>,
}

impl Asking {
    /// What was found; nothing where the device or the driver does not know.
    fn ask<T>(&mut self, found: Result<T, NvmlError>) -> Option<T> {
        match found {
            Ok(value) => Some(value),
            Err(error) if is_fatal(&error) => {
                self.fatal.get_or_insert(error);
                None
            }
            Err(_) => None,
        }
    }

    fn finish(self) -> Result<(), NvmlError> {
        self.fatal.map_or(Ok(()), Err)
    }
}

/// Whether nothing more can be asked, as against a single thing that is not known.
fn is_fatal(error: &NvmlError) -> bool {
    ends_session(error) || matches!(error, NvmlError::GpuLost | NvmlError::ResetRequired)
}

/// Whether the library must be initialized anew: the driver was unloaded or replaced.
pub(super) fn ends_session(error: &NvmlError) -> bool {
    matches!(error, NvmlError::Uninitialized | NvmlError::DriverNotLoaded | NvmlError::LibRmVersionMismatch)
}

fn fault(error: &NvmlError) -> DeviceFault {
    match error {
        NvmlError::GpuLost => DeviceFault::Lost,
        other => DeviceFault::Failed(other.to_string()),
    }
}
