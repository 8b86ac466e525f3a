//! Where pods would go, one after the other.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use gpulse_simulator::cluster::{PodRequest, Snapshot};
use gpulse_simulator::place::Placing;
use gpulse_simulator::placement::{
    Candidate, MAX_POINTS, Profile, STRATEGIES, Strategy, Verdict, filter, prioritize,
};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{saved_node, saved_pod, saved_snapshot};

const GPU: &str = "nvidia.com/gpu";

fn node(name: &str, gpus: u32, pods: &[Value]) -> Value {
    let mut node = saved_node(name, GPU, json!("whole"), gpus);
    node["pods"] = pods.into();
    node
}

/// A pod that holds so many GPUs of a node.
fn on(node: &str, hold: &str, name: &str, gpus: u32) -> Value {
    let mut pod = saved_pod(name, GPU, gpus);
    pod["node"] = node.into();
    pod["hold"] = hold.into();
    pod
}

fn load(document: &Value) -> Snapshot {
    Snapshot::load(document.to_string().as_bytes()).unwrap()
}

fn request(pod: &Value) -> PodRequest {
    serde_json::from_value(pod.clone()).unwrap()
}

fn by(strategy: &str) -> Profile {
    Profile { strategy: Strategy::named(strategy).unwrap(), ..Profile::standard(strategy) }
}

/// Runs `gpulse-sim place` on a snapshot and pods.
fn program(nodes: &[Value], pods: &[Value], arguments: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let header = r#"{"apiVersion":"gpulse.dev/v1alpha1","kind":"Trace"}"#;
    let lines: Vec<String> = pods.iter().map(ToString::to_string).collect();
    std::fs::write(folder.path().join("c.json"), saved_snapshot(nodes).to_string()).unwrap();
    std::fs::write(folder.path().join("p.jsonl"), format!("{header}\n{}\n", lines.join("\n"))).unwrap();
    std::fs::write(folder.path().join("wrong.json"), r#"{"name":"p","strategy":"bestfit"}"#).unwrap();
    std::fs::write(
        folder.path().join("profile.json"),
        r#"{"name":"tight","strategy":"binpack","deadband":0,"utilization":{"weight":0}}"#,
    )
    .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
    command.current_dir(folder.path()).args(["place", "--nodes", "c.json", "--pods", "p.jsonl"]);
    command.args(arguments.split_whitespace()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn pods_go_where_the_strategy_has_them_and_stay_there() {
    let nodes = [
        node("a", 4, &[on("a", "bound", "old", 2)]),
        node("b", 4, &[]),
        node("c", 4, &[]),
        node("d", 8, &[]),
    ];
    let pods =
        [1, 2, 4, 1].iter().zip(1..).map(|(gpus, number)| saved_pod(&format!("p{number}"), GPU, *gpus));
    let pods: Vec<Value> = pods.collect();
    let packed = program(&nodes, &pods, "--strategy binpack");
    assert_eq!((packed.status.code(), text(&packed.stderr)), (Some(0), String::new()));
    assert_snapshot!(text(&packed.stdout), @"
    4 pods come to 4 nodes one after the other, by binpack; 1 have ties, which kube-scheduler breaks.

     pod         node  score  as good, or why not
     default/p1  a     0.802
     default/p2  b     0.201  c
     default/p3  c     0.901
     default/p4  a     0.903
    ");
    assert_snapshot!(text(&program(&nodes, &pods, "--strategy worst-fit").stdout), @"
    4 pods come to 4 nodes one after the other, by worst-fit; 1 have ties, which kube-scheduler breaks.

     pod         node  score  as good, or why not
     default/p1  d     0.898
     default/p2  d     0.696
     default/p3  d     0.295
     default/p4  b     0.798  c
    ");
    let csv = program(&nodes, &pods, "--profile profile.json --output csv");
    assert_snapshot!(text(&csv.stdout), @"
    pod,node,score,ties,fits,refused_no_such_gpu,refused_wrong_model,refused_unknown_model,refused_gpu_memory_too_small,refused_unknown_gpu_memory,refused_insufficient_gpus,refused_unhealthy_gpus,refused_insufficient_cpu,refused_insufficient_memory
    default/p1,a,801758,,4,0,0,0,0,0,0,0,0,0
    default/p2,b,200879,c,3,0,0,0,0,0,1,0,0,0
    default/p3,c,900879,,2,0,0,0,0,0,2,0,0,0
    default/p4,a,902637,,3,0,0,0,0,0,1,0,0,0
    ");
}

#[test]
fn a_pod_that_fits_nowhere_is_told_with_the_reasons_and_ends_with_1() {
    let pods =
        [saved_pod("large", GPU, 8), saved_pod("strange", "amd.com/gpu", 1), saved_pod("small", GPU, 1)];
    let output = program(&[node("a", 4, &[]), node("b", 2, &[])], &pods, "--strategy binpack");
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(text(&output.stdout), @"
    3 pods come to 2 nodes one after the other, by binpack; 2 find no place.

     pod              node  score  as good, or why not
     default/large    -     -      insufficient-gpus on 2
     default/strange  -     -      no-such-gpu on 2
     default/small    b     0.201
    ");
    let json = program(&[node("a", 4, &[])], &pods, "--strategy binpack --output json");
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        report["pods"][0],
        json!({"pod": "default/large", "ties": [], "fits": 0, "refused": {"insufficient-gpus": 1}})
    );
    assert_eq!(report["profile"]["strategy"], "binpack");
}

#[test]
fn what_cannot_be_placed_is_refused() {
    let nodes = [node("a", 4, &[on("a", "bound", "old", 2)])];
    let told = |pods: &[Value], arguments: &str| {
        let output = program(&nodes, pods, arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
        text(&output.stderr)
    };
    assert_snapshot!(told(&[saved_pod("old", GPU, 2)], "--strategy binpack"), @"gpulse-sim: p.jsonl: pod default/old is on node a already: expected pods that the snapshot does not have");
    assert_snapshot!(told(&[saved_pod("new", GPU, 2)], "--strategy fgd"), @r#"gpulse-sim: --strategy: found "fgd", expected one of affinity, binpack, fragmentation, random, worst-fit"#);
    assert_snapshot!(told(&[saved_pod("new", GPU, 2)], "--profile wrong.json"), @r#"gpulse-sim: wrong.json: no profile: strategy: found strategy "bestfit", expected one of affinity, binpack, fragmentation, random, worst-fit at line 1 column 33"#);
    assert!(told(&[saved_pod("new", GPU, 2)], "").contains("--strategy"));
}

#[test]
fn a_nomination_ends_when_its_pod_is_placed() {
    let nodes = [node("a", 4, &[on("a", "nominated", "waits", 4)]), node("b", 1, &[])];
    let mut placing = Placing::on(&load(&saved_snapshot(&nodes)), by("worst-fit"));
    let other = placing.place(request(&saved_pod("other", GPU, 1))).unwrap();
    assert_eq!(&*other.choice.unwrap().node, "b", "the room on a is kept");
    let waits = placing.place(request(&saved_pod("waits", GPU, 2))).unwrap();
    assert_eq!(&*waits.choice.unwrap().node, "a");
    let last = placing.place(request(&saved_pod("last", GPU, 2))).unwrap();
    assert_eq!(&*last.choice.unwrap().node, "a", "two of four are left");
}

/// The nodes with the most points, decided anew from a document.
fn best(document: &Value, pod: &PodRequest, profile: &Profile) -> BTreeSet<String> {
    let snapshot = load(document);
    let everyone = Candidate::everyone(&snapshot);
    let verdicts = filter(&snapshot, pod, profile, &everyone);
    let fitting: Vec<Candidate<'_>> = everyone
        .into_iter()
        .zip(verdicts)
        .filter_map(|(candidate, verdict)| (verdict == Verdict::Fits).then_some(candidate))
        .collect();
    let ranks = prioritize(&snapshot, pod, profile, &fitting);
    let most = fitting.iter().zip(ranks).filter(|(_, rank)| rank.points == MAX_POINTS);
    most.map(|(candidate, _)| candidate.name.to_owned()).collect()
}

proptest! {
    /// Each pod is placed as by a gpulse that starts at that moment. With no more than sixteen pods the mix is learned
    /// anew at each of them, so that nothing depends on what was learned before.
    #[test]
    fn every_step_is_a_decision_from_the_cluster_as_it_then_stands(
        gpus in proptest::collection::vec(1..9_u32, 1..7),
        asked in proptest::collection::vec((0..5_u32, 0..3_usize), 1..16),
        strategy in 0..STRATEGIES.len(),
    ) {
        let nodes: Vec<Value> =
            gpus.iter().enumerate().map(|(number, gpus)| node(&format!("n{number}"), *gpus, &[])).collect();
        let mut document = saved_snapshot(&nodes);
        let profile = by(STRATEGIES[strategy].name);
        let mut placing = Placing::on(&load(&document), profile.clone());
        for (number, (gpus, owner)) in asked.iter().enumerate() {
            let mut pod = saved_pod(&format!("p{number}"), GPU, *gpus);
            pod["owner"] = format!("owner-{owner}").into();
            if *gpus == 0 {
                pod["gpus"] = json!([]);
            }
            let expected = best(&document, &request(&pod), &profile);
            let placement = placing.place(request(&pod)).unwrap();
            let Some(choice) = placement.choice else {
                prop_assert!(expected.is_empty());
                continue;
            };
            let found = choice.ties.iter().chain([&choice.node]).map(ToString::to_string).collect();
            prop_assert_eq!(&expected, &found);
            let place = document["nodes"].as_array().unwrap().iter().position(|node| node["name"] == *choice.node);
            pod["node"] = (*choice.node).into();
            pod["hold"] = "bound".into();
            document["nodes"][place.unwrap()]["pods"].as_array_mut().unwrap().push(pod);
        }
    }
}
