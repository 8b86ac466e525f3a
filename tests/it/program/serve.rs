//! `gpulse serve`: starts, says what it does, answers, and ends when it is told to.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{file, folder, program, run};
use crate::support::{ClusterBuilder, cluster, node, pod};

/// A running server. Killed where the test ends before it does.
pub(super) struct Server {
    child: Child,
    log: BufReader<ChildStderr>,
    pub(super) extender: String,
    pub(super) admin: String,
}

impl Server {
    /// Serves the cluster from a saved snapshot, on free ports.
    pub(super) fn of(cluster: &ClusterBuilder, folder: &TempDir, profiles: &str) -> Self {
        let mut saved = Vec::new();
        cluster.snapshot().save(&mut saved).unwrap();
        let saved = file(folder, "cluster.json", std::str::from_utf8(&saved).unwrap());
        let source = format!("file: {{path: {}}}", saved.display());
        Self::start(&configuration(folder, &source, profiles))
    }

    /// Starts by a configuration file, on free ports, and waits until it says where it listens.
    pub(super) fn start(config: &Path) -> Self {
        let free = "127.0.0.1:0";
        let mut child = program()
            .args(["serve", "--config", config.to_str().unwrap(), "--log-format", "json"])
            .args(["--server-address", free, "--admin-address", free])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let starting = event(&mut log, "starting");
        let url = |port: &str| format!("http://{}", starting[port].as_str().unwrap());
        Self { extender: url("server"), admin: url("admin"), child, log }
    }

    /// Asks with GET: the status and the body.
    pub(super) async fn get(&self, path: &str) -> (u16, String) {
        let response = client().get(format!("{}{path}", self.admin)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Asks as kube-scheduler does.
    pub(super) async fn ask(&self, path: &str, pod: &Value, nodes: &[&str]) -> Value {
        let body = json!({"Pod": pod, "NodeNames": nodes});
        let response = client().post(format!("{}{path}", self.extender)).json(&body).send().await.unwrap();
        response.json().await.unwrap()
    }

    /// Sends the signal and returns the exit code and the rest of the log.
    fn stop(mut self, signal: &str) -> (Option<i32>, Vec<Value>) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let rest =
            self.log.by_ref().lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself is what most tests want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the log up to the event with this message.
fn event(log: &mut impl BufRead, message: &str) -> Value {
    let mut seen = String::new();
    for line in log.lines() {
        let line = line.unwrap();
        match serde_json::from_str::<Value>(&line) {
            Ok(event) if event["message"] == message => return event,
            _ => seen.push_str(&line),
        }
    }
    panic!("ended without saying {message:?}: {seen}");
}

fn client() -> reqwest::Client {
    // Every test of the process installs it; the first one does.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A configuration file with this cluster source.
fn configuration(folder: &TempDir, source: &str, rest: &str) -> std::path::PathBuf {
    let text = format!(
        "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\ncluster:\n  source:\n    {source}\n{rest}"
    );
    file(folder, "gpulse.yaml", &text)
}

/// Two nodes of two GPUs: `idle` and `busy`.
pub(super) fn idle_and_busy() -> ClusterBuilder {
    cluster().node(node("idle").gpus(2).busy(&[0, 0])).node(node("busy").gpus(2).busy(&[95, 95]))
}

#[tokio::test]
async fn a_saved_snapshot_is_served_with_its_measurements() {
    let folder = folder();
    let server = Server::of(&idle_and_busy(), &folder, "");
    let (status, ready) = server.get("/readyz?verbose").await;
    assert_eq!(status, 200, "{ready}");
    assert!(ready.contains("[+]cluster ok: 2 nodes of a saved snapshot"), "{ready}");
    let ranked = server.ask("/prioritize", &pod("train").gpus(1).json(), &["idle", "busy"]).await;
    let score =
        |host| ranked.as_array().unwrap().iter().find(|row| row["Host"] == host).unwrap()["Score"].clone();
    assert_eq!((score("idle"), score("busy")), (json!(10), json!(0)));
    let (_, metrics) = server.get("/metrics").await;
    assert!(metrics.contains("mode=\"live\""), "the mode is in the metrics:\n{metrics}");
}

#[tokio::test]
async fn each_profile_decides_by_its_own_rules() {
    let profiles = "profiles:\n- {name: default, strategy: binpack}\n- {name: blind, strategy: worst-fit, utilization: {weight: 0}}\n";
    let folder = folder();
    let server = Server::of(&idle_and_busy(), &folder, profiles);
    let pod = pod("train").gpus(1).json();
    let ranked = server.ask("/profiles/blind/prioritize", &pod, &["idle", "busy"]).await;
    assert_eq!(ranked[0]["Score"], ranked[1]["Score"], "without utilization the two are alike: {ranked}");
    let named = crate::support::pod("train").gpus(1).profile("blind").json();
    assert_eq!(server.ask("/prioritize", &named, &["idle", "busy"]).await, ranked);
}

#[tokio::test]
async fn it_drains_and_ends_well_when_told_to() {
    for signal in ["-TERM", "-INT"] {
        let folder = folder();
        let server = Server::of(&idle_and_busy(), &folder, "");
        // A connection that stays open, as kube-scheduler's does, holds nothing up.
        let open = client();
        open.get(format!("{}/livez", server.admin)).send().await.unwrap();
        let (code, log) = server.stop(signal);
        assert_eq!(code, Some(0), "{log:?}");
        assert_eq!(log.last().unwrap()["message"], "stopped");
    }
}

#[tokio::test]
async fn it_is_not_ready_before_the_cluster_was_listed() {
    let folder = folder();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "nowhere",
        // The discard port: nobody listens.
        "clusters": [{"name": "nowhere", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
    });
    let kubeconfig = file(&folder, "kubeconfig", &kubeconfig.to_string());
    let source = format!("kubernetes: {{kubeconfig: {}}}", kubeconfig.display());
    let server = Server::start(&configuration(&folder, &source, ""));
    let (status, ready) = server.get("/readyz?verbose").await;
    assert_eq!(status, 503, "{ready}");
    assert!(ready.contains("[-]cluster failed: the API server has not listed everything yet"), "{ready}");
    assert_eq!(server.get("/livez").await.0, 200);
    assert_eq!(server.stop("-TERM").0, Some(0));
}

#[test]
fn what_cannot_be_started_is_refused_with_code_2() {
    let folder = folder();
    let start = |config: &Path, more: &[&str]| {
        let run = run(&[&["serve", "--config", config.to_str().unwrap()], more].concat());
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        run.stderr
    };
    let wrong = file(
        &folder,
        "wrong.yaml",
        "apiVersion: gpulse.dev/v1alpha1\nkind: GpulseConfiguration\nservr: {}\n",
    );
    assert!(start(&wrong, &[]).contains("wrong.yaml:3:1: servr: unknown key; did you mean server?"));

    let absent = configuration(&folder, "file: {path: /no/such/cluster.json}", "");
    let free = ["--server-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"];
    let said = start(&absent, &free);
    assert!(said.contains("cluster.source.file.path: /no/such/cluster.json: No such file"), "{said}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = start(&absent, &["--server-address", &address]);
    assert!(said.contains(&format!("server.address: cannot listen on {address}")), "{said}");

    let said = start(&absent, &["--log-level", "info,=="]);
    assert!(said.contains("--log-level: expected a level such as info"), "{said}");
}

#[test]
fn without_a_configuration_there_is_nothing_to_serve() {
    let run = run(&["serve"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--config <FILE>"), "{}", run.stderr);
}
