//! The program itself: exit codes, and which of its words go where.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use insta::assert_snapshot;

use crate::support::{NODES, PODS, saved_node, saved_pod, saved_snapshot};

/// A folder with a table of nodes and one of pods, gone at the end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(node_rows: &str, pod_rows: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("nodes.csv"), format!("{NODES}{node_rows}")).unwrap();
        std::fs::write(folder.path().join("pods.csv"), format!("{PODS}{pod_rows}")).unwrap();
        Self(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
        command.current_dir(self.0.path());
        command.args(["fill", "--nodes", "nodes.csv", "--pods", "pods.csv"]).args(arguments);
        command
    }

    fn fill(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

fn fine() -> Folder {
    Folder::new("a,64000,262144,8,V100\n", "p1,1000,1024,1,500,\np2,1000,1024,2,1000,V100\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_pipe_gets_the_result_and_no_progress() {
    let output = fine().fill(&["--seeds", "1", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["gpus"], 8);
}

#[test]
fn wrong_input_is_told_on_stderr_and_ends_with_2() {
    let folder = Folder::new("a,64000,262144,8,V100\n", "p1,1000,1024,-1,500,\n");
    let output = folder.fill(&[]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    assert_snapshot!(text(&output.stderr), @r#"gpulse-sim: pods.csv:2: num_gpu: found "-1", expected a whole number of GPUs, 0 to 1024"#);
    let output = fine().fill(&["--strategy", "fgd,bestfit"]);
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(text(&output.stderr), @r#"gpulse-sim: --strategy: found "bestfit", expected all, own, paper or some of random-fit, dot-product, gpu-clustering, gpu-packing, best-fit, fgd, affinity, binpack, fragmentation, random, worst-fit"#);
    let output = fine().command(&["--nodes", "none.csv"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    for wrong in [["--arrive", "much"], ["--seeds", "5..1"], ["--shard", "3/2"], ["--jobs", "0"]] {
        assert_eq!(fine().fill(&wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn what_is_not_understood_is_told_and_strict_refuses_it() {
    let folder = Folder::new("a,64000,262144,8,V100\n", "p1,1000,1024,1,500,\np2,1000,1024,1,500,H100\n");
    let output = folder.fill(&["--seeds", "1", "--strategy", "own"]);
    assert_eq!(output.status.code(), Some(0));
    assert_snapshot!(text(&output.stderr), @"gpulse-sim: warning: pods.csv: no node has the GPU model H100 (pods that name it: 1)");
    let output = folder.fill(&["--strict"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    assert_snapshot!(text(&output.stderr), @"gpulse-sim: refused, since --strict: pods.csv: no node has the GPU model H100 (pods that name it: 1)");
}

#[test]
fn a_snapshots_bound_pods_hold_their_room_and_one_file_may_be_stdin() {
    let folder = fine();
    let mut node = saved_node("a", "nvidia.com/gpu", serde_json::json!("whole"), 8);
    let mut pod = saved_pod("q", "nvidia.com/gpu", 6);
    pod["node"] = "a".into();
    pod["hold"] = "bound".into();
    node["pods"] = serde_json::json!([pod]);
    let document = format!("\u{feff}\r\n{:#}", saved_snapshot(&[node]));
    std::fs::write(folder.0.path().join("cluster.json"), document).unwrap();
    std::fs::write(folder.0.path().join("pods.csv"), format!("{PODS}p1,1000,1024,1,1000,\n")).unwrap();
    let program = |command: &str| {
        let arguments = "--strategy binpack --seeds 1 --arrive 2 --output json";
        let program = env!("CARGO_BIN_EXE_gpulse-sim");
        let mut shell = Command::new("sh");
        shell.current_dir(folder.0.path()).arg("-c").arg(format!("{program} {command} {arguments}"));
        shell.output().unwrap()
    };
    let filled = program("fill --nodes cluster.json --pods - < pods.csv");
    assert_eq!((filled.status.code(), text(&filled.stderr)), (Some(0), String::new()));
    let report: serde_json::Value = serde_json::from_slice(&filled.stdout).unwrap();
    // Six of eight GPUs are held, and of the pods that come two find the others.
    assert_eq!(report["strategies"][0]["runs"][0]["placed"], 2);
    let other = program("fill --nodes - --pods pods.csv < cluster.json");
    assert_eq!(other.stdout, filled.stdout);
    let both = program("fill --nodes - --pods - < cluster.json");
    assert_snapshot!(text(&both.stderr), @"gpulse-sim: --nodes and --pods: both are stdin, expected one of them to be a file");
}

/// Sends a signal, once the program listens.
fn interrupt(child: &Child) {
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    while !listens_to_interrupt(&status) {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// Whether SIGINT, the second bit, is among the signals that the process catches.
fn listens_to_interrupt(status: &Path) -> bool {
    let status = std::fs::read_to_string(status).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & 0b10 != 0
}

#[test]
fn an_interrupt_leaves_what_is_done_and_ends_with_1() {
    let folder = fine();
    let mut command =
        folder.command(&["--seeds", "1..10000", "--jobs", "1", "--output", "json", "--report", "out.html"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["partial"], true);
    assert!(text(&output.stderr).contains("partial: "));
    assert!(std::fs::read_to_string(folder.0.path().join("out.html")).unwrap().contains("PARTIAL"));
}

#[test]
fn a_report_and_its_figures_are_files_and_what_keeps_them_from_being_written_is_told_first() {
    let folder = fine();
    let output = folder.fill(&["--seeds", "1", "--report", "out.html", "--figures", "new/figures"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let html = std::fs::read_to_string(folder.0.path().join("out.html")).unwrap();
    let command =
        "gpulse-sim fill --nodes nodes.csv --pods pods.csv --seeds 1 --report out.html --figures new/figures";
    assert!(html.contains(&format!("<code>{command}</code>")), "{html}");
    let svg = std::fs::read_to_string(folder.0.path().join("new/figures/allocation.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns="), "{svg}");
    let output = folder.fill(&["--report", "none/out.html"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
    assert_snapshot!(text(&output.stderr), @"gpulse-sim: --report: found none/out.html, expected a file in a folder that is there");
    let output = folder.fill(&["--figures", "out.html/figures"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
}
