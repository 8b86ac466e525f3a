//! `gpulse explain`: the verdict first, then what led to it.

use serde_json::{Value, json};

use super::serve::{Server, idle_and_busy};
use super::{Run, folder, run, run_with};
use crate::support::{cluster, node, pod};

fn explain(server: &Server, arguments: &[&str], input: &str) -> Run {
    run_with(&[&["explain", "--server", &server.admin], arguments].concat(), input)
}

#[tokio::test]
async fn a_decision_is_explained_node_by_node() {
    let folder = folder();
    let cluster = idle_and_busy().node(node("full").gpus(2)).pod(pod("holder").gpus(2).on("full"));
    let server = Server::of(&cluster, &folder, "");
    let train = pod("train").namespace("training").gpus(1).json();
    server.ask("/filter", &train, &["idle", "busy", "full"]).await;
    server.ask("/prioritize", &train, &["idle", "busy"]).await;

    let said = explain(&server, &["training/train"], "").good();
    let first = said.lines().next().unwrap();
    assert!(
        first.contains("training/train") && first.contains("idle") && first.contains("10 of 10 points"),
        "{said}"
    );
    assert!(said.contains("strategy binpack, 50 % of the score by live utilization"), "{said}");
    for part in ["on offer 95 %", "SM_ACTIVE", "0 s old: fresh", "keeps-whole", "gpulse: too few free GPUs"] {
        assert!(said.contains(part), "{part} is missing:\n{said}");
    }
    for line in said.lines() {
        assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
    }
    let json: Value =
        serde_json::from_str(&explain(&server, &["training/train", "--output", "json"], "").good()).unwrap();
    assert_eq!(json["origin"], "decided");
    assert_eq!(json["nodes"][0]["node"], "idle");
}

#[tokio::test]
async fn where_the_pod_really_went_is_said() {
    let folder = folder();
    let train = pod("train").gpus(1);
    let cluster = idle_and_busy().pod(train.clone().on("busy"));
    let server = Server::of(&cluster, &folder, "");
    server.ask("/prioritize", &train.json(), &["idle", "busy"]).await;
    let said = explain(&server, &["default/train"], "").good();
    let verdict = said.lines().take(2).collect::<Vec<_>>().join(" ");
    let expected = "default/train went to busy: 0 of 10 points, its GPUs on offer 95 % busy, although idle had 10; other \
                    scorers weighed more.";
    assert!(verdict.starts_with(expected), "{said}");
}

#[tokio::test]
async fn a_manifest_is_explained_as_of_now() {
    let folder = folder();
    let server = Server::of(&idle_and_busy(), &folder, "");
    let template = json!({"spec": {"containers": [
        {"name": "main", "resources": {"limits": {"nvidia.com/gpu": 1}}},
    ]}});
    let workloads = [
        json!({"kind": "Pod", "metadata": {"name": "asked"}, "spec": template["spec"]}),
        json!({"kind": "Deployment", "metadata": {"name": "asked"}, "spec": {"template": template}}),
        json!({"kind": "Job", "metadata": {"name": "asked"}, "spec": {"template": template}}),
        json!({"kind": "CronJob", "metadata": {"name": "asked"}, "spec": {"jobTemplate": {"spec": {"template": template}}}}),
    ];
    for workload in workloads {
        let said = explain(&server, &["-f", "-"], &workload.to_string()).good();
        assert!(
            said.starts_with("default/asked would go to idle: 10 of 10 points, its GPUs on offer 0 % busy."),
            "{workload}\n{said}"
        );
    }
    // YAML, with a document beside it that has no pod.
    let yaml = "kind: ConfigMap\n---\nkind: Pod\nmetadata: {name: asked}\nspec:\n  containers:\n  - name: main\n    resources:\n      limits:\n        nvidia.com/gpu: 1\n";
    assert!(explain(&server, &["-f", "-"], yaml).good().starts_with("default/asked would go to idle"));
}

#[tokio::test]
async fn a_pod_that_fits_nowhere_is_a_negative_finding() {
    let folder = folder();
    let server = Server::of(&idle_and_busy(), &folder, "");
    let large =
        json!({"kind": "Pod", "metadata": {"name": "large"}, "spec": pod("large").gpus(8).json()["spec"]});
    let run = explain(&server, &["-f", "-"], &large.to_string());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.starts_with("default/large would fit on none of 2 nodes"), "{}", run.stdout);

    let unknown = explain(&server, &["training/unknown"], "");
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(1), ""));
    assert!(unknown.stderr.contains("no decision on pod training/unknown"), "{}", unknown.stderr);
}

#[tokio::test]
async fn it_says_when_nothing_is_measured() {
    let folder = folder();
    let dark = cluster().node(node("a").gpus(2)).node(node("b").gpus(2)).pod(pod("holder").gpus(1).on("a"));
    let server = Server::of(&dark, &folder, "");
    let manifest = json!({"kind": "Pod", "metadata": {"name": "p"}, "spec": pod("p").gpus(1).json()["spec"]});
    let said = explain(&server, &["-f", "-"], &manifest.to_string()).good();
    assert!(said.contains("the decision is by allocation alone"), "{said}");
    assert!(said.contains("no sample"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_code_2() {
    let folder = folder();
    let server = Server::of(&idle_and_busy(), &folder, "");
    let refusals = [
        (&["a/b/c"][..], "", "expected a pod as NAMESPACE/NAME, found \"a/b/c\""),
        (&["-f", "-"], "kind: Service\n", "expected a Pod, or a workload with a pod template, found Service"),
        (&["-f", "-"], "kind: Pod\n---\nkind: Pod\n", "expected one pod, found 2 (Pod, Pod)"),
        (&["-f", "-"], "a: [\n", "unclosed bracket"),
        (&["-f", "/no/such/pod.yaml"], "", "/no/such/pod.yaml cannot be read"),
        (
            &["-f", "-", "--profile", "other"],
            "kind: Pod\nmetadata: {name: p}\nspec: {}\n",
            "unknown profile \"other\"",
        ),
    ];
    for (arguments, input, expected) in refusals {
        let run = explain(&server, arguments, input);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
    }
    for (url, expected) in [
        ("http://127.0.0.1:9", "no answer at http://127.0.0.1:9/; is gpulse running"),
        ("localhost", "--server: expected a URL such as http://127.0.0.1:9090, found \"localhost\""),
    ] {
        let run = run(&["explain", "--server", url, "a/b"]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}
