//! A file of devices by node, in place of a metrics system.

use std::path::Path;

use serde_json::{Map, Value};

use super::error::TelemetryError;
use crate::cluster::{Samples, Timestamp};

/// Reads the file. A utilization without `sampledAt` counts as taken now.
pub(super) async fn read(path: &Path, now: Timestamp) -> Result<Samples, TelemetryError> {
    let unreadable = |source| TelemetryError::Unreadable { path: path.to_owned(), source };
    let text = tokio::fs::read(path).await.map_err(unreadable)?;
    parse(&text, now).map_err(|reason| TelemetryError::BadFile { path: path.to_owned(), reason })
}

fn parse(text: &[u8], now: Timestamp) -> Result<Samples, String> {
    let mut nodes: Map<String, Value> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let devices = nodes.values_mut().filter_map(Value::as_array_mut).flatten();
    for utilization in devices.filter_map(|device| device.get_mut("utilization")?.as_object_mut()) {
        utilization.entry("sampledAt").or_insert_with(|| now.0.into());
    }
    serde_json::from_value(nodes.into()).map_err(|error| error.to_string())
}
