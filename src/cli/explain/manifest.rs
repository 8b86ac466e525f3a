//! The pod in a manifest.

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// The one pod, or pod template, of a YAML or JSON text with any number of documents, as JSON. `name` is what errors
/// call the text.
pub(super) fn pod(text: &str, name: &str) -> anyhow::Result<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).with_context(|| name.to_owned())?;
    let mut pods = Vec::new();
    for document in &documents {
        pods.extend(pod_of(document));
    }
    let kinds: Vec<&str> =
        documents.iter().map(|document| document["kind"].as_str().unwrap_or("no kind")).collect();
    match <[Value; 1]>::try_from(pods) {
        Ok([pod]) => Ok(pod),
        Err(pods) if pods.is_empty() => bail!(
            "{name}: expected a Pod, or a workload with a pod template, found {}",
            if kinds.is_empty() { "an empty document".to_owned() } else { kinds.join(", ") }
        ),
        Err(pods) => bail!("{name}: expected one pod, found {} ({})", pods.len(), kinds.join(", ")),
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
