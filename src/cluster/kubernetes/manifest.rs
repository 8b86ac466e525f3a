//! The pod in a manifest: YAML or JSON as people write it for kubectl.

use serde_json::{Value, json};

/// Why a text holds no pod to ask about.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not YAML.
    #[error("{file}: {source}")]
    Yaml {
        /// What the text is called.
        file: String,
        /// What the parser says.
        source: Box<serde_saphyr::Error>,
    },
    /// No document is a pod or makes one.
    #[error("{file}: expected a Pod, or a workload with a pod template, found {found}")]
    NoPod {
        /// What the text is called.
        file: String,
        /// The kinds of its documents.
        found: String,
    },
    /// Several documents are.
    #[error("{file}: expected one pod, found {pods} ({found})")]
    SeveralPods {
        /// What the text is called.
        file: String,
        /// How many.
        pods: usize,
        /// The kinds of its documents.
        found: String,
    },
}

/// The one pod, or pod template, of a YAML or JSON text with any number of documents, as JSON. `file` is what errors
/// call the text.
///
/// # Errors
/// Where the text is no YAML, or holds no pod or several.
pub fn pod_of_manifest(text: &str, file: &str) -> Result<Value, ManifestError> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)
        .map_err(|source| ManifestError::Yaml { file: file.into(), source: Box::new(source) })?;
    let pods: Vec<Value> = documents.iter().filter_map(pod_of).collect();
    let kinds: Vec<&str> =
        documents.iter().map(|document| document["kind"].as_str().unwrap_or("no kind")).collect();
    let found = if kinds.is_empty() { "an empty document".to_owned() } else { kinds.join(", ") };
    match <[Value; 1]>::try_from(pods) {
        Ok([pod]) => Ok(pod),
        Err(pods) if pods.is_empty() => Err(ManifestError::NoPod { file: file.into(), found }),
        Err(pods) => Err(ManifestError::SeveralPods { file: file.into(), pods: pods.len(), found }),
    }
}

/// The pod that a document is, or that its template makes; the name and namespace of the workload stand in.
fn pod_of(document: &Value) -> Option<Value> {
    let template = match document["kind"].as_str()? {
        "Pod" => return Some(document.clone()),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            &document["spec"]["template"]
        }
        "CronJob" => &document["spec"]["jobTemplate"]["spec"]["template"],
        _ => return None,
    };
    let mut pod = template.as_object()?.clone();
    pod.insert("apiVersion".into(), "v1".into());
    pod.insert("kind".into(), "Pod".into());
    let metadata = pod.entry("metadata").or_insert_with(|| json!({})).as_object_mut()?;
    for field in ["name", "namespace"] {
        if let Some(value) = document["metadata"].get(field) {
            metadata.insert(field.into(), value.clone());
        }
    }
    Some(Value::Object(pod))
}
