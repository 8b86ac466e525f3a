//! How much idle GPU the usual pods cannot use: the measure of the FGD paper (Weng et al., USENIX ATC 2023, section 4).
//!
//! Of a node with CPU `C` and devices with `g_i` left, `U` together, the share that is a fragment to a pod that asks
//! for `q` devices of `d` each and CPU `c`:
//!
//! * all of `U` where the pod asks for no GPU, or does not fit (models, CPU, devices);
//! * else the devices that are too small: the sum of `g_i` with `g_i < d`.
//!
//! A node's fragmentation is the mean of that over a [`Mix`] of pods, and the cluster's is the sum over its nodes.

mod ledger;
mod measure;
mod mix;
mod room;

pub use ledger::Ledger;
pub use measure::Measure;
pub use mix::Mix;
pub use room::Room;
