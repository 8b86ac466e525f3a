//! The wire, byte for byte: what kube-scheduler sends and what it is answered.

use gpulse::cluster::Snapshot;
use gpulse::extender::wire::{Arguments, Asked, error_reply, filter_reply, prioritize_reply};
use gpulse::placement::{Candidate, Ranked, Reading, Reason, Score, Verdict};
use proptest::prelude::*;
use serde::Serializer;
use serde_json::json;

use super::{a_cluster, gpulse};
use crate::support::NOW;

const FILTER_NAMES: &[u8] = include_bytes!("golden/filter-names.request.json");
const FILTER_NODES: &[u8] = include_bytes!("golden/filter-nodes.request.json");

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn filter_by_names_answers_names() {
    let answer = gpulse(&a_cluster()).post("/filter", FILTER_NAMES).await;
    assert_eq!(answer.text(), text(include_bytes!("golden/filter-names.reply.json")));
}

#[tokio::test]
async fn filter_by_objects_answers_the_objects_as_they_were_sent() {
    let answer = gpulse(&a_cluster()).post("/filter", FILTER_NODES).await;
    assert_eq!(answer.text(), text(include_bytes!("golden/filter-nodes.reply.json")));
}

#[tokio::test]
async fn prioritize_answers_a_bare_list() {
    let request =
        text(FILTER_NAMES).replace(r#"["full","idle","busy","plain","new"]"#, r#"["idle","busy","new"]"#);
    let answer = gpulse(&a_cluster()).post("/prioritize", request).await;
    assert_eq!(answer.text(), text(include_bytes!("golden/prioritize.reply.json")));
}

#[test]
fn names_are_taken_as_they_are_written() {
    for body in [
        r#"{"Pod":{},"Nodes":null,"NodeNames":["plain","with \"quotes\"","\u00fcber"]}"#,
        r#"{ "NodeNames" : [ "plain", "with \"quotes\"" , "\u00fcber" ], "Pod" : {} }"#,
    ] {
        assert_eq!(names(body), ["plain", r#"with \"quotes\""#, r"\u00fcber"]);
    }
}

/// The names of a request as they are written in it.
fn names(body: &str) -> Vec<&str> {
    let Asked::Names(names) = Arguments::parse(body.as_bytes()).unwrap().asked else {
        panic!("expected names")
    };
    names.into_iter().map(|name| name.0).collect()
}

/// A name as it is written in JSON.
fn written(name: &str) -> String {
    let json = serde_json::to_string(name).unwrap();
    json[1..json.len() - 1].to_owned()
}

#[test]
fn names_at_the_end_of_a_body_are_those_of_the_request_itself() {
    let annotated = r#"{"Pod":{"metadata":{"annotations":{"a":"b","NodeNames":["x"]}}},"NodeNames":["y"]}"#;
    assert!(Arguments::parse(annotated.as_bytes()).is_err(), "an annotation is no list");
    let later = r#"{"Pod":{"spec":{"x":1,"NodeNames":["x"]}},"Nodes":null,"NodeNames":["y","z"]}"#;
    assert_eq!(names(later), ["y", "z"]);
    let twice = r#"{"Pod":{},"NodeNames":["x"],"NodeNames":["y"]}"#;
    assert_eq!(names(twice), ["y"]);
    assert!(names(r#"{"Pod":{},"NodeNames":[]}"#).is_empty());
    for broken in
        [r#"["a",]}"#, r#"["a" "b"]}"#, r#"["a","b]}"#, r#"["a"]"#, r#"["a"]}}"#, "[\"a\tb\"]}", r#"[1]}"#]
    {
        assert!(
            Arguments::parse(format!(r#"{{"Pod":{{}},"NodeNames":{broken}"#).as_bytes()).is_err(),
            "{broken}"
        );
    }
}

#[test]
fn keys_of_a_newer_scheduler_are_skipped() {
    let body = br#"{"Pod":{},"Hints":{"Depth":[1,{"x":2}]},"NodeNames":["a"],"Nodes":null}"#;
    assert!(Arguments::parse(body).is_ok());
}

#[test]
fn error_replies_are_json_whatever_the_text() {
    let reply = error_reply("a \"word\"\n");
    assert_eq!(text(&reply), json!({"Error": "a \"word\"\n"}).to_string());
}

fn ranked(points: u8) -> Ranked {
    Ranked { strategy: Score::ONE, reading: Reading::default(), combined: Score::ONE, points, known: true }
}

/// A cluster in which nobody is known.
fn nobody() -> Snapshot {
    Snapshot::empty(NOW)
}

/// What serde_json makes of a map in this order.
fn map<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut json = Vec::new();
    serde_json::Serializer::new(&mut json).collect_map(pairs).unwrap();
    String::from_utf8(json).unwrap()
}

proptest! {
    #[test]
    fn prioritize_replies_are_what_serde_json_writes(rows in prop::collection::vec((any::<String>(), any::<u8>()), 0..20)) {
        let names: Vec<String> = rows.iter().map(|(name, _)| written(name)).collect();
        let candidates: Vec<_> = names.iter().map(|name| Candidate::named(&nobody(), name)).collect();
        let ranks: Vec<_> = rows.iter().map(|(_, points)| ranked(*points)).collect();
        let entry = |(name, points): &(String, u8)| {
            format!("{{\"Host\":{},\"Score\":{points}}}", serde_json::to_string(name).unwrap())
        };
        let expected = format!("[{}]", rows.iter().map(entry).collect::<Vec<_>>().join(","));
        let reply = prioritize_reply(&candidates, &ranks);
        prop_assert_eq!(text(&reply), expected);
    }

    #[test]
    fn filter_replies_are_what_serde_json_writes(
        rows in prop::collection::vec((any::<String>(), prop::option::of(prop::sample::select(&Reason::ALL[..]))), 0..20),
    ) {
        let names: Vec<String> = rows.iter().map(|(name, _)| written(name)).collect();
        let candidates: Vec<_> = names.iter().map(|name| Candidate::named(&nobody(), name)).collect();
        let verdicts: Vec<_> = rows.iter().map(|(_, reason)| reason.map_or(Verdict::Fits, Verdict::Rejected)).collect();
        let fitting: Vec<&str> = rows.iter().filter(|row| row.1.is_none()).map(|row| row.0.as_str()).collect();
        let refused = rows.iter().filter_map(|(name, reason)| Some((name.as_str(), (*reason)?.text())));
        let expected = format!(
            r#"{{"Nodes":null,"NodeNames":{},"FailedNodes":null,"FailedAndUnresolvableNodes":{},"Error":""}}"#,
            serde_json::to_string(&fitting).unwrap(),
            map(refused),
        );
        let reply = filter_reply(&candidates, &verdicts, None);
        prop_assert_eq!(text(&reply), expected);
    }

    #[test]
    fn names_survive_the_way_there_and_back(names in prop::collection::vec(any::<String>(), 0..20)) {
        let body = json!({"Pod": {}, "NodeNames": names}).to_string();
        prop_assert_eq!(self::names(&body), names.iter().map(|name| written(name)).collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_make_the_parser_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Arguments::parse(&body);
    }
}
