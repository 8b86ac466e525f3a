//! Kubernetes' Pod and Node, as far as placement reads them (k8s.io/api/core/v1). Unknown fields are skipped, `null`
//! is the same as absent, and numbers with units stay text until they are read.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// `null` and absent both mean the default.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(value: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// A resource list: name to quantity.
pub type Resources = BTreeMap<String, QuantityText>;

/// Declares an object: public fields, camelCase names, absent and `null` fields default.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$field_doc])* #[serde(default, deserialize_with = "nullable")] pub $field: $type,)*
        }
    };
}

object! {
    /// A pod.
    Pod {
        /// Name and labels.
        metadata: Metadata,
        /// What is asked for.
        spec: PodSpec,
        /// How it goes.
        status: PodStatus,
    }
}

object! {
    /// `ObjectMeta`.
    Metadata {
        /// The name.
        name: String,
        /// The namespace; empty for objects without one, and in manifests.
        namespace: String,
        /// The API server's identity of this very object.
        uid: String,
        /// The version of the object, by which a watch resumes.
        resource_version: String,
        /// Labels.
        labels: BTreeMap<String, String>,
        /// Annotations.
        annotations: BTreeMap<String, String>,
        /// Who made it.
        owner_references: Vec<OwnerReference>,
    }
}

object! {
    /// A reference to an object's maker.
    OwnerReference {
        /// The maker's UID.
        uid: String,
        /// Whether it is the managing controller.
        controller: bool,
    }
}

object! {
    /// `PodSpec`.
    PodSpec {
        /// The node it is bound to; empty while it waits.
        node_name: String,
        /// The app containers.
        containers: Vec<Container>,
        /// The init containers, sidecars among them.
        init_containers: Vec<Container>,
        /// What the runtime itself takes.
        overhead: Resources,
        /// Resources of the pod as a whole (cpu and memory only).
        resources: LocalResources,
        /// The pod's priority, set by admission.
        priority: i32,
        /// Labels a node must have.
        node_selector: BTreeMap<String, String>,
        /// Affinity rules.
        affinity: Affinity,
    }
}

object! {
    /// A container.
    Container {
        /// What it asks for.
        resources: LocalResources,
        /// `Always` makes an init container a sidecar.
        restart_policy: Option<String>,
    }
}

object! {
    /// Requests and limits.
    LocalResources {
        /// What must be there.
        requests: Resources,
        /// What must not be passed.
        limits: Resources,
    }
}

object! {
    /// Affinity, as far as nodes go.
    Affinity {
        /// Node affinity.
        node_affinity: NodeAffinity,
    }
}

object! {
    /// Node affinity, as far as it is required.
    NodeAffinity {
        /// Terms of which one must hold.
        required_during_scheduling_ignored_during_execution: NodeSelector,
    }
}

object! {
    /// Terms of which one must hold.
    NodeSelector {
        /// The terms.
        node_selector_terms: Vec<NodeSelectorTerm>,
    }
}

object! {
    /// Requirements that must all hold.
    NodeSelectorTerm {
        /// Requirements on labels.
        match_expressions: Vec<Requirement>,
    }
}

object! {
    /// A requirement on one label.
    Requirement {
        /// The label.
        key: String,
        /// `In`, `NotIn`, `Exists`, ...
        operator: String,
        /// The values.
        values: Vec<String>,
    }
}

object! {
    /// `PodStatus`.
    PodStatus {
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
        phase: String,
        /// The node that preemption makes room on.
        nominated_node_name: String,
        /// The pod's address.
        #[serde(rename = "podIP")]
        pod_ip: String,
    }
}

object! {
    /// A node.
    Node {
        /// Name and labels.
        metadata: Metadata,
        /// What the administrator says.
        spec: NodeSpec,
        /// What kubelet says.
        status: NodeStatus,
    }
}

object! {
    /// `NodeSpec`.
    NodeSpec {
        /// Whether the node is cordoned.
        unschedulable: bool,
    }
}

object! {
    /// `NodeStatus`.
    NodeStatus {
        /// What the node has.
        capacity: Resources,
        /// What pods may have; the capacity where absent.
        allocatable: Resources,
        /// How it is reached.
        addresses: Vec<NodeAddress>,
    }
}

object! {
    /// `NodeAddress`.
    NodeAddress {
        /// `InternalIP`, `Hostname`, ...
        #[serde(rename = "type")]
        kind: String,
        /// The address.
        address: String,
    }
}

/// A quantity as written: a string, or a bare number as YAML and Go's decoder allow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct QuantityText(pub String);

impl<'de> Deserialize<'de> for QuantityText {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = QuantityText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity: a string such as \"500m\", or a number")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<QuantityText, E> {
                Ok(QuantityText(text.to_owned()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<QuantityText, E> {
                Ok(QuantityText(number.to_string()))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<QuantityText, E> {
                Ok(QuantityText(number.to_string()))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<QuantityText, E> {
                Ok(QuantityText(number.to_string()))
            }
        }
        value.deserialize_any(Text)
    }
}
