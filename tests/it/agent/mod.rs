//! The NVML edge: the real program with a pretended NVML under it, and what its page of metrics is made of.

mod attribution;
mod driver;
mod faults;
mod golden;
mod hanging;
mod holders;
mod kubelet;
mod negotiation;
mod once;
mod page;
mod shapes;
mod telemetry;
mod top;
mod window;
