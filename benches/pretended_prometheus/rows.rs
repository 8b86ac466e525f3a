//! The rows that Prometheus answers where dcgm-exporter 4.8 runs on each node with its default counters and is scraped
//! with `honorLabels: false`: the labels that the query keeps, values first, then memory, then sample times.

use std::fmt::Write;

use gpulse::cluster::Timestamp;

use super::fleet::{GPUS, node_name, pod_name};

/// Metrics by device and place.
const LOCATED: [&str; 3] =
    ["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"];
/// Parts of the framebuffer memory, and how much of 80 GiB they are, in MiB.
const MEMORY: [(&str, u32); 3] =
    [("DCGM_FI_DEV_FB_FREE", 40_000), ("DCGM_FI_DEV_FB_RESERVED", 559), ("DCGM_FI_DEV_FB_USED", 41_000)];
/// Metrics whose sample times are asked for.
const SAMPLED: [&str; 2] = ["DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_GPU_UTIL"];

/// The body of an answer, in small pieces that are made when they are asked for.
pub(crate) fn body(nodes: usize, now: Timestamp) -> impl Iterator<Item = String> {
    let begin = r#"{"status":"success","data":{"resultType":"vector","result":["#;
    let located = LOCATED.into_iter().flat_map(move |metric| {
        (0..nodes).map(move |node| {
            rows(|gpu| row(&place(node, gpu, "__name__", metric), now, value(metric, node, gpu, now)))
        })
    });
    let memory = MEMORY.into_iter().flat_map(move |(metric, mib)| {
        let labels = move |node, gpu| format!(r#""UUID":"{}","__name__":"{metric}""#, uuid(node, gpu));
        (0..nodes).map(move |node| rows(|gpu| row(&labels(node, gpu), now, f64::from(mib))))
    });
    let sampled = SAMPLED.into_iter().flat_map(move |metric| {
        let taken = move |node: usize| (now.0 - (node as u64 * 7) % 30_000) as f64 / 1000.0;
        (0..nodes)
            .map(move |node| rows(|gpu| row(&place(node, gpu, "gpulse_sampled", metric), now, taken(node))))
    });
    let rows = located.chain(memory).chain(sampled);
    // No comma before the first row.
    let rows = rows.enumerate().map(|(place, rows)| rows[usize::from(place == 0)..].to_owned());
    std::iter::once(begin.to_owned()).chain(rows).chain([String::from("]}}")])
}

/// A row for each GPU of the node, each after a comma.
fn rows(row: impl Fn(usize) -> String) -> String {
    (0..GPUS).fold(String::new(), |mut rows, gpu| {
        let _infallible = write!(rows, ",{}", row(gpu));
        rows
    })
}

fn row(labels: &str, now: Timestamp, value: f64) -> String {
    format!(r#"{{"metric":{{{labels}}},"value":[{},"{value}"]}}"#, now.0 as f64 / 1000.0)
}

fn place(node: usize, gpu: usize, name: &str, metric: &str) -> String {
    format!(
        r#""Hostname":"{}","UUID":"{}","{name}":"{metric}","exported_namespace":"training","exported_pod":"{}","gpu":"{gpu}","instance":"10.{}.{}.7:9400","modelName":"NVIDIA H100 80GB HBM3","namespace":"gpu-operator","pod":"nvidia-dcgm-exporter-{node:05}""#,
        node_name(node),
        uuid(node, gpu),
        pod_name(node, gpu),
        node / 250,
        node % 250,
    )
}

/// As long as NVIDIA's.
fn uuid(node: usize, gpu: usize) -> String {
    format!("GPU-8c1f{node:04x}-5d7e-41a2-9b3c-6f0e2d4a1b{gpu:02x}")
}

fn value(metric: &str, node: usize, gpu: usize, now: Timestamp) -> f64 {
    let percent = (node * GPUS + gpu + now.0 as usize) % 101;
    match metric {
        "DCGM_FI_DEV_GPU_UTIL" => percent as f64,
        "DCGM_FI_DEV_XID_ERRORS" => 0.0,
        _ => percent as f64 / 100.0,
    }
}
