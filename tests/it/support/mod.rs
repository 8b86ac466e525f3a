//! The small language that tests speak: nodes, pods and GPUs as a person would write them down.
//!
//! ```ignore
//! let snapshot = cluster()
//!     .node(node("a").gpus(8).model("NVIDIA-H100-80GB-HBM3").busy(&[90, 0, 0, 0, 0, 0, 0, 0]))
//!     .node(node("b").gpus(8).measured([gpu(0).busy(40).seconds_old(120)]))
//!     .pod(pod("train").gpus(2).on("a"))
//!     .snapshot();
//! ```
//!
//! Nodes and pods are written as the JSON that Kubernetes sends and enter through the same door as in production, so
//! a builder cannot make what the API server could not send.

mod cluster;
mod gpu;
mod node;
mod pod;

use gpulse::cluster::Timestamp;

pub(crate) use cluster::{ClusterBuilder, cluster};
pub(crate) use gpu::{GpuBuilder, gpu};
pub(crate) use node::{NodeBuilder, node};
pub(crate) use pod::{ContainerBuilder, PodBuilder, container, pod};

/// The moment at which tests take place.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);
