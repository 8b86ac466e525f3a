//! The program itself: exit codes, and which of its words go where.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use insta::assert_snapshot;

use crate::support::{NODES, PODS, TIMED_PODS, saved_node, saved_pod, saved_snapshot};

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

    fn plan(&self, question: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
        command.current_dir(self.0.path());
        command.args(["plan", question, "--nodes", "nodes.csv"]).args(arguments).output().unwrap()
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

#[test]
fn a_trace_is_read_as_the_table_of_the_same_pods_is() {
    let folder = fine();
    let rows = "p1,1000,1024,1,500,,0,60\np2,1000,1024,2,1000,V100,10,90\n";
    std::fs::write(folder.0.path().join("pods.csv"), format!("{TIMED_PODS}{rows}")).unwrap();
    let pod = |name: &str, gpus: &str, more: &str| {
        format!(
            "{{\"key\":{{\"namespace\":\"\",\"name\":\"{name}\"}},\"cpu\":1000,\"memory\":1024,\
             \"gpus\":[{{\"resource\":\"nvidia.com/gpu\",{gpus}}}],{more}}}\n"
        )
    };
    let header = "\u{feff}{\"apiVersion\":\"gpulse.dev/v1alpha1\",\"kind\":\"Trace\"}\n";
    let first = pod("p1", "\"count\":1,\"share\":500", "\"cameMs\":0,\"lifeMs\":60000");
    let second = pod("p2", "\"count\":2", "\"models\":[\"V100\"],\"cameMs\":10000,\"lifeMs\":80000");
    let running = pod("p3", "\"count\":2", "\"cameMs\":10000");
    let run = |trace: String, arguments: &str| {
        std::fs::write(folder.0.path().join("pods.jsonl"), trace).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
        command.current_dir(folder.0.path()).args(arguments.split(' ')).output().unwrap()
    };
    let by = "--nodes nodes.csv --strategy binpack --seeds 1 --output json --pods";
    for command in [format!("run --arrivals trace {by}"), format!("fill {by}")] {
        let trace = run(format!("{header}{first}{second}"), &format!("{command} pods.jsonl"));
        let table = run(String::new(), &format!("{command} pods.csv"));
        assert_eq!((trace.status.code(), text(&trace.stderr)), (Some(0), String::new()));
        assert_eq!(text(&trace.stdout), text(&table.stdout));
    }
    let partial = run(format!("{header}{first}{running}"), &format!("run --arrivals trace {by} pods.jsonl"));
    assert_eq!(partial.status.code(), Some(2));
    let drawn = run(format!("{header}{first}{running}"), &format!("run --horizon 1h {by} pods.jsonl"));
    assert_eq!(drawn.status.code(), Some(0));
    assert_snapshot!(text(&drawn.stderr), @"gpulse-sim: warning: pods.jsonl: no times are used, since pods lack cameMs or lifeMs (pods with both: 1, without: 1)");
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

#[test]
fn a_plan_is_a_sentence_and_the_table_behind_it() {
    let rows = "a,64000,262144,8,V100\nb,64000,262144,8,V100\nc,16000,65536,2,T4\n";
    let folder = Folder::new(rows, "p1,8000,8192,4,1000,\np2,1000,1024,2,1000,T4\np3,1000,1024,2,1000,T4\n");
    let waiting = ["--pods", "pods.csv", "--seeds", "1", "--strategy", "binpack"];
    let copies = folder.plan("copies", &[&waiting[..], &["--gpus", "4", "--cpu", "8"]].concat());
    assert_eq!((copies.status.code(), text(&copies.stderr)), (Some(0), String::new()));
    assert_snapshot!(text(&copies.stdout), @"
    3 more of this pod fit under binpack. What stops the next one, and on how many nodes: too few free GPUs (3).

    3 nodes with 18 GPUs; 3 pods that ask for 8.0 GPUs. The pod: 4 nvidia.com/gpu, 8 CPU; seed 1.

     strategy       fit  on nodes
     binpack   3.0 ±0.0  2.0 ±0.0

    What stops the next one, and on how many nodes (first seed):
    binpack: too few free GPUs (3)
    ");
    let nodes = folder.plan("nodes", &waiting);
    assert_eq!((nodes.status.code(), text(&nodes.stderr)), (Some(0), String::new()));
    assert_snapshot!(text(&nodes.stdout), @"
    Buy 1 T4x2 (2 GPUs): then under binpack every pod finds a place (1 find none as things stand, asking for 2.0 GPUs).

    3 nodes with 18 GPUs; 3 pods that ask for 8.0 GPUs. seed 1.

    binpack, nodes that are enough (4 clusters tried):
     bought                  nodes  GPUs
     V100x8 alone     never enough     -
     T4x2 alone                  1     2
     the fewest GPUs             1     2
    ");
    let loss = folder.plan("loss", &waiting);
    assert_eq!((loss.status.code(), text(&loss.stderr)), (Some(1), String::new()));
    assert_snapshot!(text(&loss.stdout), @"
    Under binpack 2 of 3 nodes may be lost; the worst loss is c, which leaves 1 pod without a place (2 GPUs).

    3 nodes with 18 GPUs; 3 pods that ask for 8.0 GPUs. seed 1.

    binpack, the worst losses:
     lost  nodes  pods there  without a place  their GPUs                    what stops them (pods)
     c         1           1                1           2  GPU model is not one the pod accepts (1)
    ");
    let shrink = folder.plan("shrink", &waiting);
    assert_eq!((shrink.status.code(), text(&shrink.stderr)), (Some(0), String::new()));
    assert_snapshot!(text(&shrink.stdout), @"
    Under binpack 1 of 3 nodes could go (8 GPUs), after 0 pods moved.

    3 nodes with 18 GPUs; 3 pods that ask for 8.0 GPUs. seed 1.

     strategy  nodes that could go  their GPUs  pods that move
     binpack              1.0 ±0.0    8.0 ±0.0        0.0 ±0.0

    binpack, by model (first seed; --output csv names each node):
     model  nodes  GPUs  pods that move
     V100       1     8               0
    ");
    let csv = folder.plan("shrink", &[&waiting[..], &["--percent", "30", "--output", "csv"]].concat());
    assert_eq!(csv.status.code(), Some(0));
    assert_snapshot!(text(&csv.stdout), @"
    strategy,order,node,model,gpus,moved
    binpack,1,a,V100,8,0
    ");
}

#[test]
fn a_plan_that_asks_for_nothing_is_refused() {
    let none = fine().plan("copies", &["--gpus", "0"]);
    assert_eq!(none.status.code(), Some(2));
    assert_snapshot!(text(&none.stderr), @"gpulse-sim: the pod asks for nothing, so that there is no end to its copies: expected GPUs, CPU or memory");
    let paper = fine().plan("shrink", &["--strategy", "fgd"]);
    assert_snapshot!(text(&paper.stderr), @r#"gpulse-sim: --strategy: found "fgd", expected some of affinity, binpack, fragmentation, random, worst-fit: plans are for what can be run"#);
    let zone = fine().plan("loss", &["--by-label", "zone"]);
    assert_snapshot!(text(&zone.stderr), @"gpulse-sim: --by-label: no node has the label zone: a table has zones alone, and a snapshot the labels that gpulse's configuration, or --keep-label of the import, names");
    let nobody = fine().plan("nodes", &[]);
    assert_snapshot!(text(&nobody.stderr), @"gpulse-sim: found no pods that are to come, expected --pods");
}
