//! Decisions of a running gpulse, decided again.

use std::process::{Command, Output};
use std::sync::Arc;

use gpulse_simulator::cluster::{Change, Snapshot, Timestamp};
use gpulse_simulator::placement::{
    Found, Profile, Rank, RecordedDecision, RecordingHeader, RecordingLine, Score, Strategy,
};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{saved_node, saved_pod, saved_snapshot};

const GPU: &str = "nvidia.com/gpu";

/// The cluster while so many of four GPUs are held on each of three nodes, and some of eight on a fourth.
fn cluster(held: [u32; 3]) -> Snapshot {
    let mut nodes: Vec<Value> =
        ["a", "b", "c"].iter().map(|name| saved_node(name, GPU, json!("whole"), 4)).collect();
    nodes.push(saved_node("d", GPU, json!("whole"), 8));
    for (node, gpus) in nodes.iter_mut().zip(held) {
        let mut pod = saved_pod(&format!("on-{}", node["name"].as_str().unwrap()), GPU, gpus);
        pod["node"] = node["name"].clone();
        pod["hold"] = "bound".into();
        node["pods"] = json!([pod]);
    }
    Snapshot::load(saved_snapshot(&nodes).to_string().as_bytes()).unwrap()
}

/// A recording by binpack: each pod is filtered and ranked on all nodes.
fn recording(clusters: &[Snapshot]) -> Vec<RecordingLine> {
    let strategy = Strategy::named("binpack").unwrap();
    let profile = Arc::new(Profile { strategy, ..Profile::standard("default") });
    let (mut lines, mut before) = (Vec::new(), None);
    for (number, cluster) in clusters.iter().enumerate() {
        lines.push(RecordingLine::Cluster(Change::between(before, cluster)));
        before = Some(cluster);
        for asked in [Found::Verdicts(Vec::new()), Found::Ranks(Vec::new())] {
            let mut decision = RecordedDecision {
                as_of: Timestamp(0),
                pod: serde_json::from_value(saved_pod(&format!("p{number}"), GPU, 2)).unwrap(),
                profile: profile.clone(),
                candidates: ["a", "b", "c", "d", "unheard-of"].map(Box::from).to_vec(),
                described: Vec::new(),
                found: asked,
            };
            decision.found = decision.again(cluster, &profile);
            lines.push(RecordingLine::Decision(Box::new(decision)));
        }
    }
    lines
}

fn written(lines: &[RecordingLine]) -> String {
    let header = serde_json::to_string(&RecordingHeader::current()).unwrap();
    let lines = lines.iter().map(|line| serde_json::to_string(line).unwrap());
    [header].into_iter().chain(lines).map(|line| line + "\n").collect()
}

fn replay(text: &str, arguments: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("r.jsonl"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
    command
        .current_dir(folder.path())
        .args(["replay", "r.jsonl"])
        .args(arguments.split_whitespace())
        .output()
        .unwrap()
}

/// The exit code and what is said, on stderr first.
fn told(text: &str, arguments: &str) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = replay(text, arguments);
    (status.code(), String::from_utf8([stderr, stdout].concat()).unwrap())
}

fn clusters() -> [Snapshot; 2] {
    [cluster([2, 1, 3]), cluster([0, 3, 3])]
}

#[test]
fn the_same_version_and_profile_decide_the_same() {
    let (code, said) = told(&written(&recording(&clusters())), "");
    assert_eq!(code, Some(0));
    assert_snapshot!(said, @"4 decisions of gpulse 0.1.0, decided again by 0.1.0: all identical.");
}

#[test]
fn what_comes_out_otherwise_is_listed_with_the_numbers_and_ends_with_1() {
    let mut lines = recording(&clusters());
    for line in &mut lines {
        let RecordingLine::Decision(decision) = line else { continue };
        match &mut decision.found {
            Found::Verdicts(verdicts) => verdicts.swap(0, 2),
            Found::Ranks(ranks) => ranks[1] = Rank(7, Score::from_millionths(123_456)),
        }
    }
    let (code, said) = told(&written(&lines), "");
    assert_eq!(code, Some(1));
    assert_snapshot!(said, @"
    4 decisions of gpulse 0.1.0, decided again by 0.1.0: 0 identical, 4 not.

     decision  pod         profile  then -> now
     1         default/p0  default  a: insufficient-gpus -> fits, c: fits -> insufficient-gpus
     2         default/p0  default  b: 7 (0.123456) -> 8 (0.801758)
     3         default/p1  default  a: insufficient-gpus -> fits, c: fits -> insufficient-gpus
     4         default/p1  default  b: 7 (0.123456) -> 10 (0.901758)
    ");
    let csv = replay(&written(&lines), "--output csv").stdout;
    assert_snapshot!(String::from_utf8(csv).unwrap(), @"
    decision,pod,profile,node,refused_then,points_then,score_then,refused_now,points_now,score_now
    1,default/p0,default,a,insufficient-gpus,,,,,
    1,default/p0,default,c,,,,insufficient-gpus,,
    2,default/p0,default,b,,7,123456,,8,801758
    3,default/p1,default,a,insufficient-gpus,,,,,
    3,default/p1,default,c,,,,insufficient-gpus,,
    4,default/p1,default,b,,7,123456,,10,901758
    ");
}

#[test]
fn another_strategy_shows_who_would_have_gone_elsewhere() {
    let (code, said) = told(&written(&recording(&clusters())), "--strategy worst-fit");
    assert_eq!(code, Some(0));
    assert_snapshot!(said, @"
    4 decisions of gpulse 0.1.0, decided again by worst-fit: of 2 rankings 2 would have sent the pod elsewhere; 2 decisions are identical.

     decision  pod         best then  its points now  best now
     2         default/p0  a, c       0               d
     4         default/p1  b, c       0               d
    ");
    let json = replay(&written(&recording(&clusters())), "--strategy worst-fit --output json").stdout;
    let report: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&report["rankings"], &report["elsewhere"]), (&json!(2), &json!(2)));
    assert_eq!(report["differences"][0]["bestNow"], json!(["d"]));
}

#[test]
fn what_a_recording_lacks_is_said() {
    let mut lines = recording(&clusters());
    lines.insert(3, RecordingLine::Missed(5));
    let text = written(&lines);
    let cut = &text[..text.len() - 100];
    let (code, said) = told(cut, "");
    assert_eq!(code, Some(0));
    assert_snapshot!(said, @"
    gpulse-sim: warning: r.jsonl: the last line was cut off and is left out
    gpulse-sim: warning: r.jsonl: decisions that the recording lacks: 5
    3 decisions of gpulse 0.1.0, decided again by 0.1.0: all identical.
    The recording lacks 5 decisions: its reader was too slow.
    ");
    assert_eq!(told(cut, "--strict").0, Some(2));
}

#[test]
fn what_is_no_recording_is_refused() {
    let refused = |text: &str| {
        let (code, said) = told(text, "");
        assert_eq!(code, Some(2));
        said
    };
    let header = serde_json::to_string(&RecordingHeader::current()).unwrap();
    assert_snapshot!(refused(""), @"gpulse-sim: r.jsonl is empty: expected a recording from gpulse's /v1/recording");
    assert_snapshot!(refused("{\"apiVersion\":\"gpulse.dev/v1alpha1\",\"kind\":\"Trace\"}\n"), @r#"gpulse-sim: r.jsonl:1: found {"apiVersion":"gpulse.dev/v1alpha1","kind":"Trace"}, expected a recording's first line, {"apiVersion":"gpulse.dev/v1alpha1","kind":"Recording",...}"#);
    assert_snapshot!(refused(&format!("{header}\n{{\"missed\":-1}}\n")), @"gpulse-sim: r.jsonl:2: missed: invalid value: integer `-1`, expected u64 (column 12)");
    assert_snapshot!(refused(&format!("{header}\n{{\"noise\":1}}\n")), @"gpulse-sim: r.jsonl:2: unknown variant `noise`, expected one of `cluster`, `decision`, `missed` (column 8)");
    assert_snapshot!(refused(&format!("{header}\n{{\"decision\":{{\"asOf\":0}}}}\n")), @"gpulse-sim: r.jsonl:2: decision: missing field `pod` (column 22)");
}
