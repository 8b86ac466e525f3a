//! The NVML edge: the node's GPUs as metrics, under dcgm-exporter's names.
//!
//! ```text
//! NVML --(reading thread)--> Reading ----+
//!      --(event thread)----> XID errors -+--> Desk --(text)--> GET /metrics, /v1/gpus
//! kubelet, /proc --(task)--> Attribution +
//! ```
//!
//! NVML's calls block, and some never return. They live on threads of their own; a scrape is answered from what lies on
//! the desk. A call that hangs leaves the others to go on: a watchdog sets the GPU aside and lets another thread read
//! the rest. What cannot be read any more ages, and is not shown once it is too old: nobody takes it for a measurement.

mod attribution;
mod desk;
mod dialect;
mod figure;
mod holders;
mod listener;
mod nvml;
mod overview;
mod page;
mod progress;
mod reader;
mod reading;
mod serve;
mod settings;
mod text;
mod trouble;
mod view;
mod watchdog;
mod window;
mod xids;

pub use attribution::{Attribution, Holder};
pub use dialect::{Dialect, described, xid_message};
pub use figure::{Figure, Figures};
pub use holders::{HolderFault, HolderFaultKind, HolderStatus, Sources};
pub use overview::Overview;
pub use page::{Layout, page, throttle_reasons};
pub use reading::{
    DeviceFault, GpuReading, Identity, InstanceReading, ProcessReading, Reading, utilization_ppm,
};
pub use serve::{Bound, ServeError};
pub use settings::Settings;
pub use text::Format;
pub use trouble::{Trouble, TroubleKind};
pub use view::View;
pub use watchdog::Agent;
pub use window::{Average, Averages, Window};
pub use xids::Xids;
