//! Traces: what is accepted, and what errors say.

use gpulse_simulator::cluster::{MilliCpu, MilliGpu};
use gpulse_simulator::input::{InputError, TracePod, TraceWriter, read_trace};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::saved_pod;

const HEADER: &str = r#"{"apiVersion":"gpulse.dev/v1alpha1","kind":"Trace"}"#;

fn read(text: &str) -> Result<Vec<TracePod>, InputError> {
    let mut pods = Vec::new();
    read_trace("pods.jsonl", text.as_bytes(), |pod| pods.push(pod))?;
    Ok(pods)
}

/// The error for a pod like any other but for one thing.
fn complaint(change: impl FnOnce(&mut Value)) -> String {
    let mut pod = saved_pod("p", "nvidia.com/gpu", 1);
    change(&mut pod);
    read(&format!("{HEADER}\n{pod}\n")).unwrap_err().to_string()
}

#[test]
fn crlf_and_blank_lines_are_fine_and_what_may_be_left_out_may_be() {
    let pod = r#"{"key":{"namespace":"ml","name":"p"},"cpu":4000,"memory":1,"gpus":[{"resource":"nvidia.com/gpu","count":2,"share":500}]}"#;
    let timed = r#"{"key":{"namespace":"","name":"q"},"cpu":0,"memory":0,"gpus":[],"cameMs":5,"lifeMs":7}"#;
    let waiting = r#"{"cameMs":5,"key":{"namespace":"","name":"r"},"cpu":0,"memory":0,"gpus":[]}"#;
    let pods = read(&format!("{HEADER}\r\n{pod}\r\n\r\n{timed}\n{waiting}\r\n\n")).unwrap();
    assert_eq!(pods[0].request.key.to_string(), "ml/p");
    assert_eq!((pods[0].request.cpu, pods[0].request.gpus[0].share), (MilliCpu(4000), MilliGpu(500)));
    assert_eq!((pods[0].came_ms, pods[0].life_ms), (None, None));
    assert_eq!((pods[1].came_ms, pods[1].life_ms), (Some(5), Some(7)));
    assert_eq!((pods[2].came_ms, pods[2].life_ms), (Some(5), None), "it still runs");
    assert_eq!(read(&format!("{HEADER}\n{pod}")).unwrap().len(), 1, "the last line needs no end");
}

#[test]
fn what_is_no_trace_is_refused() {
    assert_snapshot!(read("").unwrap_err(), @"pods.jsonl is empty: expected a trace with at least one pod");
    assert_snapshot!(read("\n \r\n").unwrap_err(), @"pods.jsonl is empty: expected a trace with at least one pod");
    assert_snapshot!(read(&format!("{HEADER}\n")).unwrap_err(), @"pods.jsonl has a first line and no pods: expected a trace with at least one pod");
    assert_snapshot!(read(r#"{"apiVersion":"gpulse.dev/v1alpha1","kind":"Snapshot"}"#).unwrap_err(), @r#"pods.jsonl:1: found {"apiVersion":"gpulse.dev/v1alpha1","kind":"Snapshot"}, expected a trace's first line, {"apiVersion":"gpulse.dev/v1alpha1","kind":"Trace"}"#);
    assert_snapshot!(read(&saved_pod("p", "nvidia.com/gpu", 1).to_string()).unwrap_err(), @r#"pods.jsonl:1: found {"cpu":1000,"gpus":[{"count":1,"resource":"nvidia.com/gpu"}],"key":{"name":"p",", expected a trace's first line, {"apiVersion":"gpulse.dev/v1alpha1","kind":"Trace"}"#);
    assert_snapshot!(read(&format!("{HEADER}\n[1]\n")).unwrap_err(), @"pods.jsonl:2: invalid type: sequence, expected a pod as a JSON object (column 0)");
    assert_snapshot!(read(&format!("{HEADER}\n\n{{\"key\":\n")).unwrap_err(), @"pods.jsonl:3: key: EOF while parsing a value (column 7)");
    let twice = format!("{0}\n{0}", saved_pod("p", "nvidia.com/gpu", 1));
    assert_snapshot!(read(&format!("{HEADER}\n{twice}\n")).unwrap_err(), @r#"pods.jsonl:3: key: found "default/p", expected a namespace and name that no earlier line has"#);
    let latin = [HEADER.as_bytes(), b"\n{\"key\":{\"namespace\":\"\",\"name\":\"caf\xe9\"}}\n"].concat();
    assert_snapshot!(read_trace("pods.jsonl", latin.as_slice(), |_| {}).unwrap_err(), @"pods.jsonl:2: key.name: invalid unicode code point (column 35)");
}

#[test]
fn what_is_no_pod_is_refused() {
    assert_snapshot!(complaint(|pod| pod["gpus"][0]["count"] = json!(-1)), @"pods.jsonl:2: gpus[0].count: invalid value: integer `-1`, expected u32 (column 31)");
    assert_snapshot!(complaint(|pod| pod["gpus"][0]["count"] = json!(1.5)), @"pods.jsonl:2: gpus[0].count: invalid type: floating point `1.5`, expected u32 (column 32)");
    assert_snapshot!(complaint(|pod| pod["gpus"][0]["count"] = json!(0)), @r#"pods.jsonl:2: gpus[0].count: found "0", expected a whole number of GPUs, 1 to 1024"#);
    assert_snapshot!(complaint(|pod| pod["gpus"][0]["share"] = json!(1001)), @r#"pods.jsonl:2: gpus[0].share: found "1001", expected a whole number of thousandths of each GPU, 1 to 1000"#);
    assert_snapshot!(complaint(|pod| pod["gpus"][0] = json!({"resource": "nvidia.com/gpu", "count": 1, "size": 2})), @"pods.jsonl:2: gpus[0].size: unknown field `size`, expected one of `resource`, `count`, `share` (column 65)");
    assert_snapshot!(complaint(|pod| pod["gpus"][0]["resource"] = json!("")), @r#"pods.jsonl:2: gpus[0].resource: found "", expected a resource's name that the pod does not ask for twice"#);
    assert_snapshot!(complaint(|pod| pod["gpus"] = json!([{"resource": "a/b", "count": 1}, {"resource": "a/b", "count": 2}])), @r#"pods.jsonl:2: gpus[1].resource: found "a/b", expected a resource's name that the pod does not ask for twice"#);
    assert_snapshot!(complaint(|pod| pod["cpu"] = json!("4")), @r#"pods.jsonl:2: cpu: invalid type: string "4", expected u64 (column 10)"#);
    assert_snapshot!(complaint(|pod| pod["memory"] = json!(1_u64 << 60)), @r#"pods.jsonl:2: memory: found "1152921504606846976", expected a whole number of MiB, 0 to 1099511627776"#);
    assert_snapshot!(complaint(|pod| pod["key"]["name"] = json!("")), @r#"pods.jsonl:2: key.name: found "", expected a name"#);
    assert_snapshot!(complaint(|pod| pod["models"] = json!(["-"])), @r#"pods.jsonl:2: models[0]: expected a GPU model such as H100, found "-" (column 130)"#);
    assert_snapshot!(complaint(|pod| pod["colour"] = json!("red")), @r#"pods.jsonl:2: unknown field "colour", expected one of key, uid, owner, priority, cpu, memory, gpus, models, minGpuMemory, profile, cameMs, lifeMs (column 9)"#);
    assert_snapshot!(complaint(|pod| pod["cameMs"] = json!(-5)), @"pods.jsonl:2: cameMs: invalid value: integer `-5`, expected u64 (column 12)");
    assert_snapshot!(complaint(|pod| pod["lifeMs"] = json!(5)), @r#"pods.jsonl:2: lifeMs: found "5", expected a time of arrival with it, cameMs"#);
    assert_snapshot!(complaint(|pod| pod["priority"] = json!(1_u64 << 40)), @"pods.jsonl:2: priority: invalid value: integer `1099511627776`, expected i32 (column 140)");
    assert_snapshot!(complaint(|pod| drop(pod.as_object_mut().unwrap().remove("memory"))), @"pods.jsonl:2: missing field `memory` (column 111)");
    let double = r#"{"key":{"namespace":"","name":"p"},"cameMs":1,"cameMs":2,"cpu":0,"memory":0,"gpus":[]}"#;
    assert_snapshot!(read(&format!("{HEADER}\n{double}\n")).unwrap_err(), @r#"pods.jsonl:2: field "cameMs" is there twice (column 56)"#);
}

#[test]
fn times_that_run_backwards_are_refused() {
    let at = |name: &str, came_ms: u64| {
        let mut pod = saved_pod(name, "nvidia.com/gpu", 1);
        pod["cameMs"] = came_ms.into();
        pod.to_string()
    };
    let lines = [HEADER.to_owned(), at("p", 9), at("q", 9), at("r", 8)].join("\n");
    assert_snapshot!(read(&lines).unwrap_err(), @r#"pods.jsonl:4: cameMs: found "8", expected a time not before the line before, 9"#);
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        pods in proptest::collection::vec((0..9_u64, 0..9_u32, 1..=1000_u64, proptest::option::of(0..9_u64)), 1..9),
    ) {
        let mut came = 0;
        let pods: Vec<TracePod> = pods.iter().enumerate().map(|(number, (gap, gpus, share, life))| {
            came += gap;
            let mut pod = saved_pod(&format!("p{number}"), "nvidia.com/gpu", *gpus);
            pod["gpus"][0]["share"] = (*share).into();
            if *gpus == 0 {
                pod["gpus"] = json!([]);
            }
            TracePod { request: serde_json::from_value(pod).unwrap(), came_ms: Some(came), life_ms: *life }
        }).collect();
        let mut file = Vec::new();
        let mut writer = TraceWriter::new(&mut file).unwrap();
        pods.iter().for_each(|pod| writer.pod(pod).unwrap());
        writer.finish().unwrap();
        prop_assert_eq!(read(std::str::from_utf8(&file).unwrap()).unwrap(), pods);
    }
}
