//! What counts as an answer of the query API.

use gpulse::cluster::Samples;
use gpulse::telemetry::{Asked, Directory, Plan, Report, TelemetryConfig, devices};

use super::language::two_nodes;
use crate::support::NOW;

const ROW: &str = r#"{"metric": {"__name__": "DCGM_FI_DEV_GPU_UTIL", "UUID": "GPU-0", "Hostname": "a"}, "value": [1, "40"]}"#;

/// What is read of an answer that arrives byte by byte.
fn read(answer: &str) -> Result<(Samples, Report), String> {
    struct Dripping<'a>(&'a [u8]);
    impl std::io::Read for Dripping<'_> {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            let one = room.len().min(1);
            std::io::Read::read(&mut self.0, &mut room[..one])
        }
    }
    let (board, plan) = (two_nodes().board(), Plan::new(&TelemetryConfig::default()));
    let asked = Asked { sent_at: NOW, answered_at: NOW };
    devices(Dripping(answer.as_bytes()), &plan, &Directory::new(&board), asked)
        .map_err(|error| error.to_string())
}

#[test]
fn the_order_of_fields_and_those_that_are_unknown_change_nothing() {
    for answer in [
        format!(r#"{{"status": "success", "data": {{"resultType": "vector", "result": [{ROW}]}}}}"#),
        format!(
            r#"{{"data": {{"result": [{ROW}], "stats": {{}}}}, "warnings": ["slow"], "status": "success"}}"#
        ),
        format!(r#"{{"status": "success", "data": {{"result": [{}]}}}}"#, ROW.replace("UUID", "U\\u0055ID")),
    ] {
        let (samples, report) = read(&answer).unwrap();
        assert_eq!((samples["a"].len(), report.series), (1, 1), "{answer}");
    }
}

#[test]
fn what_is_no_answer_is_refused_and_says_why() {
    let result = |result: &str| format!(r#"{{"status": "success", "data": {{"result": {result}}}}}"#);
    let cases = [
        (
            format!(
                r#"{{"data": {{"result": [{ROW}]}}, "status": "error", "errorType": "bad_data", "error": "no"}}"#
            ),
            "bad_data: no",
        ),
        (format!(r#"{{"data": {{"result": [{ROW}]}}}}"#), "missing field `status`"),
        (r#"{"status": "success", "data": {}}"#.to_owned(), "success"),
        (result(r#"[1, "2"]"#), "an object with a metric and a value"),
        (result("{}"), "expected a list of series"),
        (result(r#"[{"metric": {}}]"#), "expected a metric and a value"),
        (result(r#"[{"value": [1, "2"]}]"#), "expected a metric and a value"),
        (result(r#"[{"metric": {"UUID": 1}, "value": [1, "2"]}]"#), "expected a string"),
        (result(r#"[{"metric": {}, "value": [1, "much"]}]"#), "expected a number, found \"much\""),
        (format!("{} and more", result("[]")), "trailing characters"),
    ];
    for (answer, expected) in cases {
        let error = read(&answer).unwrap_err();
        assert!(error.contains(expected), "{answer}: {error}");
    }
}
