//! What people, programs and spreadsheets are told of a run, and that nothing but the input decides.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gpulse_simulator::output::Document;
use gpulse_simulator::output::run::Report;
use gpulse_simulator::policy::Choice;
use gpulse_simulator::run::{
    Arrivals, Discipline, Experiment, Extent, Finished, Lives, Plan, Rhythm, Traffic, experiment,
};
use gpulse_simulator::runs::Shard;
use gpulse_simulator::workload::Workload;
use insta::assert_snapshot;

use crate::support::{NODES, TIMED_PODS, small};

fn traffic(workload: &Workload) -> Traffic {
    let plan = Plan {
        arrivals: Arrivals::Poisson("0.9".parse().unwrap()),
        lives: Lives::Exponential { mean_ms: 60_000 },
        warm_up_ms: None,
        extent: Extent::Pods(500),
        queue: Discipline::Backfill { depth: 200 },
        priorities: false,
        rhythm: Rhythm::default(),
    };
    Traffic::new(workload, &[], plan).unwrap()
}

fn every_policy(seeds: impl Iterator<Item = u64>) -> Experiment {
    Experiment {
        policies: Choice::all().collect(),
        seeds: seeds.collect(),
        shard: Shard::default(),
        node_timeline: false,
    }
}

fn report(plan: &Experiment, jobs: usize) -> Report {
    let workload = small();
    let traffic = traffic(&workload);
    let mut finished: Vec<Finished> = experiment(&workload, &traffic, plan, jobs, &|| true, &|_| {});
    finished.iter_mut().for_each(|run| run.took = Duration::ZERO);
    Report::of(&workload, &traffic, plan, &finished)
}

/// A report of two strategies and two seeds, without times.
fn two() -> Report {
    let policies = ["fgd", "worst-fit"].map(|name| Choice::named(name).unwrap()).to_vec();
    report(&Experiment { policies, seeds: vec![1, 2], shard: Shard::default(), node_timeline: false }, 1)
}

fn bytes(report: &Report) -> Vec<u8> {
    let mut bytes = Vec::new();
    report.write_json(&mut bytes).unwrap();
    report.write_csv(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_bytes_follow_from_the_input_alone() {
    let once = bytes(&report(&every_policy(42..45), 1));
    for jobs in [1, 2, 7, 100] {
        assert_eq!(once, bytes(&report(&every_policy(42..45), jobs)), "{jobs} jobs");
    }
    assert_ne!(once, bytes(&report(&every_policy(43..46), 1)));
}

#[test]
fn what_is_stopped_is_partial_and_keeps_what_is_done() {
    let (workload, plan) = (small(), every_policy(42..46));
    let (traffic, asked) = (traffic(&workload), AtomicUsize::new(0));
    let goes_on = || asked.fetch_add(1, Ordering::Relaxed) < 3;
    let runs = experiment(&workload, &traffic, &plan, 1, &goes_on, &|_| {});
    let report = Report::of(&workload, &traffic, &plan, &runs);
    assert!(report.partial && report.to_text().starts_with("PARTIAL"));
    assert_eq!(report.strategies.iter().map(|strategy| strategy.runs.len()).sum::<usize>(), 3);
}

#[test]
fn people_see_tables() {
    assert_snapshot!(two().to_text(), @"
Under fgd pods wait 40.6 s on average, those with 4 GPUs 2 min 50 s; under worst-fit, the next, 42.7 s and 3 min 26 s; the difference may be luck.

4 nodes with 19 GPUs; 7 pods that ask for 8.1 GPUs. Arrivals poisson at 0.9 of the GPUs, lives exp:1m, queue backfill of 200; seeds 1 to 2 (mean ± standard deviation).
Measured from 3m on, while 500 pods came (1967s on average).

In the measured time, the GPUs and the queue:
 strategy      in use %  GPU-h used  idle  idle while some wait  some wait %  wait at once  at most  makespan h  s a run  events/s
 fgd        86.14 ±7.74           9     1                  1 ±0   87.5 ±17.6      9.7 ±6.5       26        0.73        -         -
 worst-fit  85.24 ±6.55           9     2                  1 ±0   90.4 ±13.6      9.7 ±7.3       25        0.74        -         -

Wait, mean, seconds, by the GPUs that a pod asks for:
 strategy          all       cpu     share           1           2             4
 fgd        40.6 ±25.0  0.0 ±0.0  5.6 ±1.4  20.2 ±13.0  62.5 ±33.1   170.5 ±99.9
 worst-fit  42.7 ±30.7  0.0 ±0.0  1.9 ±1.0  20.4 ±13.1  49.1 ±23.2  205.5 ±150.2

Wait, half of the pods at most, seconds, by the GPUs that a pod asks for:
 strategy        all       cpu     share          1           2             4
 fgd        0.0 ±0.0  0.0 ±0.0  0.0 ±0.0   5.1 ±7.3  44.6 ±34.1  143.4 ±107.3
 worst-fit  0.0 ±0.0  0.0 ±0.0  0.0 ±0.0  7.1 ±10.0  19.7 ±13.3  204.4 ±224.8

Wait, 95 % of the pods at most, seconds, by the GPUs that a pod asks for:
 strategy            all       cpu      share           1             2             4
 fgd        229.8 ±138.5  0.0 ±0.0  33.3 ±9.3  81.7 ±33.0   157.7 ±45.5   333.5 ±73.8
 worst-fit  264.2 ±177.5  0.0 ±0.0  14.5 ±9.5  96.9 ±54.5  207.6 ±127.5  376.4 ±121.9

Wait, 99 % of the pods at most, seconds, by the GPUs that a pod asks for:
 strategy            all       cpu       share            1            2             4
 fgd         327.0 ±81.4  0.0 ±0.0   82.5 ±7.7  112.2 ±13.5  209.3 ±60.6   366.9 ±49.4
 worst-fit  361.9 ±133.7  0.0 ±0.0  37.9 ±13.1  130.1 ±48.8  236.9 ±98.9  405.9 ±110.3

Pods that wait, when so much of the measured time is over (%):
 strategy    10   20   30   40    50    60    70    80    90   100
 fgd        2.0  5.0  2.5  6.0  11.5  14.0  14.0  10.5  17.5  12.5
 worst-fit  1.5  6.5  2.5  5.0  10.5  13.0  14.0  12.0  20.0  20.5

The same as a chart:
     25┤
     20┤                                                   ⣀⣀  worst-fit
       ┤                                            ⢀⢦ ⣾ ⡔⢶⠃
     15┤                           ⢀⡄   ⡸⢱         ⢰⠋⣌⠞⣿⣔⡟⠤⡄
       ┤                           ⣸⣿ ⢀⣗⠃ ⢓⠝⠶⢦⡯⡙⢆⡀⢠⡾⠉⠉⠉⠈⠃  ⠘⡄
     10┤                   ⡀  ⢀⣀⣀⠷⣺⠋⠘⣆⣼⠁⠉⠊⠁    ⠉⠁⠹⡝⠁        ⠈  fgd
       ┤                  ⢠⢧⣀ ⣼⣆⢱⠋
      5┤       ⢀⢤⠮⢶⣄⣀⣠⢄   ⣸ ⠹⡾⠃ ⠁
       ┤  ⢠⠴⢤⡀⡰⠋⠁  ⠉⠉⠉⠹⣄⣀⣠⠇
      0┤⠐⠚⠁  ⠙⠃         ⠈⠉
       └┬─────────┬──────────┬─────────┬──────────┬─────────┬
        0        20         40        60         80        100
");
}

#[test]
fn spreadsheets_get_a_line_for_each_number() {
    let mut bytes = Vec::new();
    two().write_csv(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let some: String = text.lines().take(18).map(|line| format!("{line}\n")).collect();
    assert_snapshot!(some, @"
strategy,size,metric,runs,mean,sd
fgd,all,allocation_pct,2,86.138996,7.740529
fgd,all,gpu_hours_used,2,8.940261,0.740861
fgd,all,gpu_hours_idle,2,1.441891,0.813734
fgd,all,gpu_hours_stranded,2,0.951062,0.119598
fgd,all,blocked_pct,2,87.52681,17.639755
fgd,all,queue_mean,2,9.700082,6.512717
fgd,all,queue_longest,2,25.5,4.949747
fgd,all,makespan_s,2,2636.304,52.689355
fgd,all,pods,2,500,0
fgd,all,wait_mean_s,2,40.599237,24.987687
fgd,all,wait_p50_s,2,0.0115,0.016263
fgd,all,wait_p95_s,2,229.788,138.485449
fgd,all,wait_p99_s,2,326.992,81.448802
fgd,all,wait_longest_s,2,366.879,49.375852
fgd,cpu,pods,2,68.5,10.606602
fgd,cpu,wait_mean_s,2,0,0
fgd,cpu,wait_p50_s,2,0,0
");
}

#[test]
fn programs_get_one_object() {
    let mut bytes = Vec::new();
    two().write_json(&mut bytes).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    // Of the long lists a piece each.
    value["strategies"].as_array_mut().unwrap().truncate(1);
    let strategy = &mut value["strategies"][0];
    for list in ["runs", "waitsBySize", "queue"] {
        strategy[list].as_array_mut().unwrap().truncate(1);
    }
    strategy["runs"][0]["waitsBySize"].as_array_mut().unwrap().truncate(1);
    for list in ["atS", "queue", "allocationPct"] {
        strategy["runs"][0]["timeline"][list].as_array_mut().unwrap().truncate(2);
    }
    assert_snapshot!(serde_json::to_string_pretty(&value).unwrap(), @r#"
{
  "command": "run",
  "gpus": 19,
  "input": "e79b5532d61a8ebe",
  "nodeTimeline": false,
  "nodes": 4,
  "partial": false,
  "pods": {
    "count": 7,
    "gpuMilli": 8050,
    "unknownModels": {}
  },
  "seeds": [
    1,
    2
  ],
  "shard": "1/1",
  "strategies": [
    {
      "allocationPct": {
        "mean": 86.138996,
        "sd": 7.740529
      },
      "blockedPct": {
        "mean": 87.52681,
        "sd": 17.639755
      },
      "gpuHours": {
        "idle": {
          "mean": 1.441891,
          "sd": 0.813734
        },
        "stranded": {
          "mean": 0.951062,
          "sd": 0.119598
        },
        "used": {
          "mean": 8.940261,
          "sd": 0.740861
        }
      },
      "makespanS": {
        "mean": 2636.304,
        "sd": 52.689355
      },
      "name": "fgd",
      "neverPlaced": {},
      "pods": {
        "mean": 500.0,
        "sd": 0.0
      },
      "queue": [
        {
          "mean": 1.0,
          "sd": 1.414214
        }
      ],
      "queueLongest": {
        "mean": 25.5,
        "sd": 4.949747
      },
      "queueMean": {
        "mean": 9.700082,
        "sd": 6.512717
      },
      "runs": [
        {
          "allocationPct": 91.612377,
          "blockedPct": 100.0,
          "endS": 2137.381,
          "events": 1194,
          "gpuHours": {
            "idle": 0.866494,
            "stranded": 0.866494,
            "used": 9.464128
          },
          "makespanS": 2599.047,
          "neverPlaced": {},
          "pods": 500.0,
          "queueLongest": 29.0,
          "queueMean": 14.305268,
          "seed": 1,
          "timeline": {
            "allocationPct": [
              76.578947,
              95.0
            ],
            "atS": [
              199.573,
              219.147
            ],
            "queue": [
              2,
              2
            ]
          },
          "waits": {
            "longestS": 401.793,
            "meanS": 58.2682,
            "p50S": 0.023,
            "p95S": 327.712,
            "p99S": 384.585,
            "pods": 500.0,
            "size": "all"
          },
          "waitsBySize": [
            {
              "longestS": 0.0,
              "meanS": 0.0,
              "p50S": 0.0,
              "p95S": 0.0,
              "p99S": 0.0,
              "pods": 76.0,
              "size": "cpu"
            }
          ]
        }
      ],
      "waits": {
        "longestS": {
          "mean": 366.879,
          "sd": 49.375852
        },
        "meanS": {
          "mean": 40.599237,
          "sd": 24.987687
        },
        "p50S": {
          "mean": 0.0115,
          "sd": 0.016263
        },
        "p95S": {
          "mean": 229.788,
          "sd": 138.485449
        },
        "p99S": {
          "mean": 326.992,
          "sd": 81.448802
        },
        "pods": {
          "mean": 500.0,
          "sd": 0.0
        },
        "size": "all"
      },
      "waitsBySize": [
        {
          "longestS": {
            "mean": 0.0,
            "sd": 0.0
          },
          "meanS": {
            "mean": 0.0,
            "sd": 0.0
          },
          "p50S": {
            "mean": 0.0,
            "sd": 0.0
          },
          "p95S": {
            "mean": 0.0,
            "sd": 0.0
          },
          "p99S": {
            "mean": 0.0,
            "sd": 0.0
          },
          "pods": {
            "mean": 68.5,
            "sd": 10.606602
          },
          "size": "cpu"
        }
      ]
    }
  ],
  "traffic": {
    "arrivals": "poisson",
    "backfillDepth": 200,
    "burst": null,
    "daily": 0.0,
    "drift": 0.0,
    "horizonS": null,
    "lives": "exp:1m",
    "load": 0.9,
    "podsCounted": 500,
    "priorities": false,
    "queue": "backfill",
    "warmUpS": 180.0
  },
  "version": "0.1.0"
}
"#);
}

/// The program, on these pods and one node, in a folder that is gone afterwards.
fn program(pods: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(Path::new(folder.path()).join(file), text).unwrap();
    write("nodes.csv", &format!("{NODES}a,64000,65536,1,T4\n"));
    write("pods.csv", pods);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
    command.current_dir(folder.path()).args(["run", "--nodes", "nodes.csv", "--pods", "pods.csv"]);
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_trace_is_run_as_it_is() {
    let pods = format!("{TIMED_PODS}p1,1,1,1,600,,0,10\np2,1,1,1,1000,,1,6\np3,1,1,1,400,,2,5\n");
    let arguments =
        ["--arrivals", "trace", "--queue", "fifo", "--strategy", "fgd", "--seeds", "1", "--output", "csv"];
    let output = program(&pods, &arguments);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(text(&output.stdout).contains("fgd,1,wait_mean_s,1,9,0\n"), "{}", text(&output.stdout));
}

#[test]
fn wrong_input_is_told_on_stderr_and_ends_with_2() {
    let told = |pods: &str, arguments: &[&str]| {
        let output = program(pods, arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
        text(&output.stderr)
    };
    let backwards = format!("{TIMED_PODS}p1,1,1,1,600,,0,10\np2,1,1,1,1000,,6,1\n");
    assert_snapshot!(told(&backwards, &["--arrivals", "trace"]), @r#"gpulse-sim: pods.csv:3: deletion_time: found "1", expected a time not before creation_time, which is 6"#);
    let timeless = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\np1,1,1,1,1000\n";
    assert_snapshot!(told(timeless, &["--lives", "trace"]), @"gpulse-sim: pods.csv cannot be run: the pods have no times: expected the columns creation_time and deletion_time, or timestamp and duration, or cameMs and lifeMs of every pod of a trace");
    assert_snapshot!(told(timeless, &["--lives-cap", "1h"]), @"gpulse-sim: --lives-cap: only the lives of a trace can be cut, expected --lives trace");
    assert_eq!(
        told(timeless, &["--arrivals", "trace", "--load", "0.5"]),
        "gpulse-sim: --load: a trace has its own, expected --arrivals poisson\n"
    );
    assert_eq!(
        told(timeless, &["--queue", "fifo", "--backfill-depth", "5"]),
        "gpulse-sim: --backfill-depth: expected --queue backfill\n"
    );
    assert_eq!(
        told(timeless, &["--arrivals", "trace", "--burst", "8"]),
        "gpulse-sim: --burst, --daily and --drift: a trace has its own arrivals, expected --arrivals poisson\n"
    );
    assert_snapshot!(told(timeless, &["--priorities"]), @"gpulse-sim: pods.csv cannot be run: all pods have the same priority: expected pods that differ in it, or a queue without priorities");
    for wrong in [
        ["--burst", "1"],
        ["--daily", "1.5"],
        ["--drift", "0"],
        ["--load", "0"],
        ["--lives", "exp:5"],
        ["--queue", "lifo"],
        ["--backfill-depth", "0"],
        ["--warmup", "soon"],
        ["--pods-counted", "0"],
    ] {
        assert_eq!(program(timeless, &wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn what_arrivals_follow_is_told() {
    let timeless = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\np1,1,1,1,1000\n";
    let arguments =
        ["--burst", "4", "--daily", "0.3", "--drift", "0.2", "--strategy", "fgd", "--lives", "exp:1m"];
    let output = program(timeless, &[&arguments[..], &["--seeds", "1", "--warmup", "0s"]].concat());
    let told: String = text(&output.stdout).lines().skip(2).take(2).map(|line| format!("{line}\n")).collect();
    assert_snapshot!(told, @"
    1 nodes with 1 GPUs; 1 pods that ask for 1.0 GPUs. Arrivals poisson at 0.9 of the GPUs in bursts of 4, day and night ±0.3, mix drifting ±0.2, lives exp:1m, queue backfill of 200; seed 1.
    Measured from 0s on, for 24h (24h on average).
    ");
}

#[test]
fn each_node_is_told_of_the_first_seed_where_that_is_asked_for() {
    let pods = format!("{TIMED_PODS}p1,1,1,1,600,,0,10\np2,1,1,1,400,,5,6\n");
    let arguments = ["--arrivals", "trace", "--strategy", "fgd", "--seeds", "1..2", "--output", "json"];
    let runs = |arguments: &[&str]| {
        let output = program(&pods, arguments);
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        value["strategies"][0]["runs"].as_array().unwrap().clone()
    };
    let nodes = &runs(&[&arguments[..], &["--node-timeline"]].concat());
    let mut busy = vec![600; 100];
    busy[50..60].fill(1000);
    let expected = serde_json::json!({"nodes": ["a"], "gpus": [1], "buckets": 100, "busyMilli": [busy]});
    assert_eq!((&nodes[0]["nodeTimeline"], nodes[1].get("nodeTimeline")), (&expected, None));
    assert_eq!(runs(&arguments)[0].get("nodeTimeline"), None);
}
