//! The door from Kubernetes' objects to our nouns.
//!
//! [`Pod`] and [`Node`] hold only the fields that placement reads, so that parsing a request or a watch event skips
//! the rest. [`Reader`] turns them into [`PodRequest`](super::PodRequest), [`BoundPod`](super::BoundPod) and
//! [`NodeFacts`](super::NodeFacts), or says which field of which object cannot be read.

mod list;
mod manifest;
mod node;
mod objects;
mod pod;

use std::collections::BTreeSet;

use super::quantity::Quantity;
use super::resource::GpuResources;

pub use list::{Dropped, ListError, ListItem, list_items, snapshot_from_list};
pub use manifest::{ManifestError, pod_of_manifest};
pub use objects::{
    Affinity, Container, LocalResources, Metadata, Node, NodeAddress, NodeAffinity, NodeSelector,
    NodeSelectorTerm, NodeSpec, NodeStatus, OwnerReference, Pod, PodSpec, PodStatus, QuantityText,
    Requirement, Resources,
};

/// The pod annotation that lists the GPU models a pod accepts, best first, separated by commas.
pub const MODELS_ANNOTATION: &str = "gpulse.dev/gpu-models";
/// The pod annotation that says how much framebuffer memory each GPU must have, as a quantity of bytes.
pub const GPU_MEMORY_ANNOTATION: &str = "gpulse.dev/gpu-memory";
/// The pod (or namespace) annotation that names the profile to decide by.
pub const PROFILE_ANNOTATION: &str = "gpulse.dev/profile";

/// Reads objects by the operator's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reader {
    /// Which resource names are GPUs.
    pub gpu_resources: GpuResources,
    /// The node labels to keep beside those that gpulse itself reads.
    pub kept_labels: BTreeSet<String>,
}

/// An object with a field that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{object}: {field}: expected {expected}, found {found:?}")]
pub struct ObjectError {
    /// Kind and name, such as `pod default/train-0`.
    pub object: String,
    /// The path of the field.
    pub field: String,
    /// What would have been right.
    pub expected: &'static str,
    /// What is there.
    pub found: String,
}

/// A field that cannot be read, before it is known which object it belongs to.
struct FieldError {
    field: String,
    expected: &'static str,
    found: String,
}

impl FieldError {
    fn new(field: impl Into<String>, expected: &'static str, found: impl ToString) -> Self {
        Self { field: field.into(), expected, found: found.to_string() }
    }

    fn of(self, object: String) -> ObjectError {
        ObjectError { object, field: self.field, expected: self.expected, found: self.found }
    }
}

const QUANTITY: &str = "a quantity such as 4, 500m or 1.5Gi, not below zero";
const DEVICES: &str = "a whole number of devices, 0 to 1000000";
const MAX_DEVICES: i64 = 1_000_000;

fn quantity(field: &str, text: &QuantityText) -> Result<Quantity, FieldError> {
    let parsed: Result<Quantity, _> = text.0.parse();
    let refuse = || FieldError::new(field, QUANTITY, &text.0);
    parsed.ok().filter(|quantity| !quantity.is_negative()).ok_or_else(refuse)
}

/// A count of devices; extended resources are whole numbers (Kubernetes validates `IsExtendedResourceName` so).
fn devices(field: &str, quantity: Quantity) -> Result<u32, FieldError> {
    let count = quantity.whole_units().filter(|count| (0..=MAX_DEVICES).contains(count));
    count
        .map(|count| count as u32)
        .ok_or_else(|| FieldError::new(field, DEVICES, quantity.millis() as f64 / 1000.0))
}

fn bytes_to_mib(quantity: Quantity, round_up: bool) -> u64 {
    let bytes = quantity.units().unsigned_abs();
    if round_up { bytes.div_ceil(1 << 20) } else { bytes >> 20 }
}
