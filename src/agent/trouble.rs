//! What keeps the whole node from being read.

use std::fmt;

use nvml_wrapper::error::NvmlError;

/// What is wrong, in a word for a label and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The word.
    pub kind: TroubleKind,
    /// The sentence: what was found, and what to do.
    pub text: String,
}

/// The kinds of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// NVML's library cannot be loaded.
    NoLibrary,
    /// The kernel's driver does not run, or is another version than the library.
    NoDriver,
    /// There is no GPU.
    NoGpu,
    /// NVML does not return.
    Hanging,
    /// Another error of NVML.
    Failed,
}

impl TroubleKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::NoLibrary, Self::NoDriver, Self::NoGpu, Self::Hanging, Self::Failed];

    /// Its name, for a label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoLibrary => "no_library",
            Self::NoDriver => "no_driver",
            Self::NoGpu => "no_gpu",
            Self::Hanging => "hanging",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Trouble {
    pub(super) fn no_gpu() -> Self {
        let text = "NVML finds no GPU on this node; run the agent only where there are some, with \
                    NVIDIA_VISIBLE_DEVICES=all in a container";
        Self { kind: TroubleKind::NoGpu, text: text.to_owned() }
    }

    pub(super) fn hanging(call: &str) -> Self {
        let text = format!("NVML does not return from {call}; look into the kernel's log for NVRM and Xid");
        Self { kind: TroubleKind::Hanging, text }
    }
}

impl From<NvmlError> for Trouble {
    fn from(error: NvmlError) -> Self {
        let (kind, advice) = match &error {
            NvmlError::LibloadingError(_) => (
                TroubleKind::NoLibrary,
                "; install the NVIDIA driver, mount its libraries (runtimeClassName: nvidia), or name the library \
                 with --nvml",
            ),
            NvmlError::DriverNotLoaded | NvmlError::Uninitialized => {
                (TroubleKind::NoDriver, "; load the kernel module nvidia")
            }
            NvmlError::LibRmVersionMismatch => (
                TroubleKind::NoDriver,
                "; reboot the node, or restart the agent with the new driver's library",
            ),
            _ => (TroubleKind::Failed, ""),
        };
        Self { kind, text: format!("NVML: {error}{advice}") }
    }
}
