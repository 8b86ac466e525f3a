//! The wire types of k8s.io/kube-scheduler/extender/v1: what is read of a request, and how replies are written.
//!
//! Go's structs there have no json tags, so keys are the Go field names: `Pod`, `Nodes`, `NodeNames`. Objects inside
//! (Pod, NodeList, Node) have their usual camelCase keys.

mod names;
mod reply;
mod request;

pub use reply::{error_reply, filter_reply, prioritize_reply};
pub use request::{Arguments, Asked, NodeName, NodeObject, RequestError};
