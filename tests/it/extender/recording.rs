//! Recordings: each decision in them can be decided again.

use axum::http::StatusCode;
use gpulse::cluster::kubernetes::Reader;
use gpulse::cluster::{PodKey, Replica};
use gpulse::extender::{Extender, ExtenderConfig, Profiles, Verb};
use gpulse::placement::{Profile, RecordingHeader, RecordingLine, Strategy};
use serde_json::{Value, json};

use super::{Answer, Gpulse, a_cluster, gpulse};
use crate::support::{NOW, node, pod};

/// The lines after the first.
fn lines(answer: &Answer) -> Vec<RecordingLine> {
    let mut lines = answer.text().lines();
    let header: RecordingHeader = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(header, RecordingHeader::current());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Starts a recording of so many decisions; it has begun when this returns.
async fn record(gpulse: &Gpulse, decisions: usize) -> tokio::task::JoinHandle<Answer> {
    let (gpulse, path) = (gpulse.clone(), format!("/v1/recording?decisions={decisions}"));
    let task = tokio::spawn(async move { gpulse.get(&path).await });
    tokio::task::yield_now().await;
    task
}

/// Decides every decision of a recording again; how many there are.
fn replayed(recording: &Answer) -> usize {
    let (mut replica, mut decisions) = (Replica::default(), 0);
    for line in lines(recording) {
        match line {
            RecordingLine::Cluster(change) => replica.apply(change),
            RecordingLine::Missed(missed) => panic!("{missed} are missing"),
            RecordingLine::Decision(decision) => {
                let again = decision.again(&replica.snapshot(decision.as_of), &decision.profile);
                assert_eq!(again, decision.found, "{}", decision.pod.key);
                decisions += 1;
            }
        }
    }
    decisions
}

#[tokio::test]
async fn what_was_decided_from_a_changing_cluster_is_decided_again() {
    let board = a_cluster().board();
    let picture = {
        let board = board.clone();
        std::sync::Arc::new(move || board.snapshot(NOW))
    };
    let profiles = ["default", "affinity", "fragmentation", "random", "worst-fit"].map(|name| Profile {
        strategy: Strategy::named(name).unwrap_or(&gpulse::placement::strategy::binpack::STRATEGY),
        ..Profile::standard(name)
    });
    let profiles = Profiles::new(profiles, std::sync::Arc::new(|_| None)).unwrap();
    let gpulse = Gpulse::of(
        Extender::new(picture, Reader::default(), profiles),
        &ExtenderConfig::default(),
        Vec::new(),
    );
    let names = ["idle", "busy", "full", "plain", "new", "unheard-of"];
    let recording = record(&gpulse, 25).await;
    for (number, profile) in ["affinity", "fragmentation", "random", "worst-fit"].iter().enumerate() {
        for gpus in [1, 8, 9] {
            let asked = pod(&format!("{profile}-{gpus}")).gpus(gpus).owner("job");
            gpulse.ask(&format!("/profiles/{profile}/filter"), &asked, &names).await;
            gpulse.ask(&format!("/profiles/{profile}/prioritize"), &asked, &names).await;
            let bound = asked.on("idle").gpus(1).bound().unwrap();
            board.update(|assembly| assembly.apply_pod(bound));
        }
        board.update(|assembly| match number {
            0 => assembly.apply_node(node("new").gpus(4).busy(&[10; 4]).facts()),
            1 => assembly.delete_node("busy"),
            _ => assembly.delete_pod(&PodKey::new("default", "resident")),
        });
    }
    // A node that only the request describes.
    let described = json!({"Pod": pod("p").gpus(2).json(), "NodeNames": null, "Nodes": {"items": [
        node("imagined").gpus(8).json(), node("full").gpus(8).json(),
    ]}});
    gpulse.post("/prioritize", described.to_string()).await;
    assert!(!gpulse.extender.decisions().is_empty(), "settled by who looks");
    assert_eq!(replayed(&recording.await.unwrap()), 25);
}

#[tokio::test]
async fn the_cluster_is_written_once_and_then_what_changes() {
    let gpulse = gpulse(&a_cluster());
    gpulse.ask("/filter", &pod("before").gpus(1), &["idle"]).await;
    let recording = record(&gpulse, 2).await;
    gpulse.ask("/filter", &pod("p").gpus(1), &["idle", "full"]).await;
    gpulse.ask("/prioritize", &pod("p").gpus(1), &["idle"]).await;
    gpulse.ask("/filter", &pod("after").gpus(1), &["idle"]).await;
    gpulse.extender.decisions().settle();
    let answer = recording.await.unwrap();
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> =
        lines[1..].iter().map(|line| line.as_object().unwrap().keys().next().unwrap().as_str()).collect();
    assert_eq!(kinds, ["cluster", "decision", "decision"]);
    assert_eq!(lines[1]["cluster"]["nodes"].as_array().unwrap().len(), 4);
    let decision = &lines[2]["decision"];
    assert_eq!(decision["pod"]["key"]["name"], "p");
    assert_eq!(decision["candidates"], json!(["idle", "full"]));
    assert_eq!(decision["found"], json!({"verdicts": [null, "insufficient-gpus"]}));
    assert_eq!(decision["profile"]["strategy"], "binpack");
    assert_eq!(lines[3]["decision"]["found"]["ranks"][0][0], 10);
}

#[tokio::test]
async fn what_a_reader_is_too_slow_for_is_counted() {
    let gpulse = gpulse(&a_cluster());
    let recording = record(&gpulse, 1201).await;
    let mut asked = 0;
    let mut ask = || {
        let body = super::question(&pod(&format!("p{asked}")).gpus(1), &["idle"]);
        let _ = gpulse.extender.answer(Verb::Filter, None, body.as_bytes());
        gpulse.extender.decisions().settle();
        asked += 1;
    };
    // Nobody reads meanwhile: the test's runtime has one thread, and this one does not wait.
    (0..1_500).for_each(|_| ask());
    while !recording.is_finished() {
        ask();
        tokio::task::yield_now().await;
    }
    let (mut next, mut missed) = (0, 0);
    for line in lines(&recording.await.unwrap()) {
        match line {
            RecordingLine::Cluster(_) => {}
            RecordingLine::Missed(decisions) => missed += decisions,
            RecordingLine::Decision(decision) => {
                assert_eq!(*decision.pod.key.name, *format!("p{}", next + missed));
                next += 1;
            }
        }
    }
    assert_eq!(next, 1201);
    assert!(missed >= 500, "of 1,500 decisions 1,000 can wait: {missed}");
}

#[tokio::test]
async fn too_many_recordings_are_refused() {
    let gpulse = gpulse(&a_cluster());
    let mut running = Vec::new();
    for _ in 0..4 {
        running.push(record(&gpulse, 1).await);
    }
    let refused = gpulse.get("/v1/recording").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.error().contains("4 recordings"), "{}", refused.error());
    assert_eq!(gpulse.get("/v1/recording?decisions=x").await.status, StatusCode::BAD_REQUEST);
    gpulse.ask("/filter", &pod("p").gpus(1), &["idle"]).await;
    gpulse.extender.decisions().settle();
    for recording in running {
        assert_eq!(replayed(&recording.await.unwrap()), 1);
    }
    let again = record(&gpulse, 0).await;
    assert_eq!(lines(&again.await.unwrap()).len(), 0, "those that ended made room");
}
