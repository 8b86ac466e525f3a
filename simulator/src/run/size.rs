//! How much GPU a pod asks for, as people tell pods apart.

use std::fmt;

use crate::workload::Shape;

/// How much GPU a pod asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Size {
    /// None: CPU and memory only.
    Cpu,
    /// A share of one.
    Share,
    /// So many.
    Gpus(u32),
}

impl Size {
    /// The size of pods of this shape.
    #[must_use]
    pub fn of(shape: &Shape) -> Self {
        match (shape.gpus, shape.share_milli) {
            (0, _) => Self::Cpu,
            (1, ..1000) => Self::Share,
            (gpus, _) => Self::Gpus(gpus),
        }
    }

    /// The size of this name; the largest where it is none.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "cpu" => Self::Cpu,
            "share" => Self::Share,
            gpus => Self::Gpus(gpus.parse().unwrap_or(u32::MAX)),
        }
    }
}

impl fmt::Display for Size {
    /// `cpu`, `share`, or the number of GPUs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Share => f.write_str("share"),
            Self::Gpus(gpus) => write!(f, "{gpus}"),
        }
    }
}
