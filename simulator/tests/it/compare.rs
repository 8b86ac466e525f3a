//! Strategies side by side: what is told apart and what is not.

use std::path::Path;
use std::process::{Command, Output};

use gpulse_simulator::output::Document;
use gpulse_simulator::output::compare::{Report, Verdict};
use gpulse_simulator::runs::Shard;
use gpulse_simulator::workload::Arrive;
use gpulse_simulator::{fill, output, policy::Choice};
use insta::assert_snapshot;

use crate::support::{NODES, PODS, small};

fn filled(strategies: &[&str], seeds: u64) -> output::fill::Report {
    let workload = small();
    let plan = fill::Experiment {
        policies: strategies.iter().map(|name| Choice::named(name).unwrap()).collect(),
        seeds: (1..=seeds).collect(),
        arrive: Arrive::default(),
        shard: Shard::default(),
    };
    output::fill::Report::of(&workload, &plan, &fill::experiment(&workload, &plan, 2, &|| true, &|_| {}))
}

#[test]
fn people_see_the_answer_and_then_a_table_for_each_metric() {
    let chosen = ["fragmentation_pct".parse().unwrap(), "failed_pods".parse().unwrap()];
    let report = Report::of_fill(&filled(&["fgd", "binpack", "worst-fit"], 16), "fgd", &chosen);
    assert_snapshot!(report.to_text(), @"
binpack against fgd: better in 0 of 5, worse in 0, not told apart in 5.
worst-fit against fgd: better in 1 of 5 (failed_pods), worse in 4 (fragmentation_pct_at_80, fragmentation_pct_at_90, fragmentation_pct_at_95, fragmentation_pct_at_100), not told apart in 0.

4 nodes with 19 GPUs; 7 pods that ask for 8.1 GPUs. 16 seeds of fill. A difference is the mean over the seeds, and real where a paired t-test, corrected for 10 comparisons (Holm), gives less than 5 % to chance; ± is half of the 95 % interval.

Idle GPUs that the typical pods cannot use at 80 % arrived, % of all (less is better):
 strategy          mean  against fgd        p
 fgd        10.77 ±1.17
 binpack    10.84 ±1.23  +0.06 ±0.87    1.000  not told apart
 worst-fit  15.83 ±1.76  +5.06 ±1.73  < 0.001     real, worse

Idle GPUs that the typical pods cannot use at 90 % arrived, % of all (less is better):
 strategy          mean  against fgd      p
 fgd         8.86 ±0.79
 binpack     8.79 ±0.87  -0.07 ±0.51  1.000  not told apart
 worst-fit  13.26 ±2.18  +4.40 ±2.18  0.004     real, worse

Idle GPUs that the typical pods cannot use at 95 % arrived, % of all (less is better):
 strategy          mean  against fgd        p
 fgd         7.57 ±1.24
 binpack     7.80 ±1.25  +0.23 ±0.85    1.000  not told apart
 worst-fit  12.92 ±2.30  +5.35 ±2.13  < 0.001     real, worse

Idle GPUs that the typical pods cannot use at 100 % arrived, % of all (less is better):
 strategy          mean  against fgd        p
 fgd         6.49 ±1.54
 binpack     6.72 ±1.60  +0.23 ±0.85    1.000  not told apart
 worst-fit  12.83 ±2.27  +6.34 ±2.34  < 0.001     real, worse

Pods without a place, pods (less is better):
 strategy         mean  against fgd      p
 fgd        4.69 ±1.24
 binpack    4.69 ±1.32  +0.00 ±0.44  1.000  not told apart
 worst-fit  3.19 ±0.65  -1.50 ±1.03  0.043    real, better
");
}

#[test]
fn differences_are_those_of_the_means_and_verdicts_say_which_is_better() {
    let filled = filled(&["random-fit", "fgd", "best-fit"], 12);
    let report = Report::of_fill(&filled, "random-fit", &[]);
    let (mut told_apart, mut compared) = (0, 0);
    for metric in &report.metrics {
        let baseline = metric.strategies[0].value.unwrap();
        assert!(metric.strategies[0].difference.is_none());
        for strategy in &metric.strategies[1..] {
            let (value, found) = (strategy.value.unwrap(), strategy.difference.as_ref().unwrap());
            assert!((found.interval.mean - (value.mean - baseline.mean)).abs() < 2e-6, "{}", metric.name);
            let is_better = (found.interval.mean > 0.0) == metric.is_more_better;
            match found.verdict {
                Verdict::NotToldApart => assert!(found.p >= 0.05),
                Verdict::Better => assert!(found.p < 0.05 && is_better),
                Verdict::Worse => assert!(found.p < 0.05 && !is_better),
            }
            compared += 1;
            told_apart += u32::from(found.verdict != Verdict::NotToldApart);
        }
    }
    assert_eq!(report.comparisons, compared as usize);
    // Random placement wastes so much that nobody can miss it; at 80 % of the demand all is placed by all.
    assert!(told_apart > 0 && told_apart < compared, "{told_apart} of {compared}");
    // The other way round everything changes its sign and nothing else.
    let turned = Report::of_fill(&filled, "fgd", &[]);
    for (metric, turned) in report.metrics.iter().zip(&turned.metrics) {
        let (one, other) = (
            metric.strategies[1].difference.as_ref().unwrap(),
            turned.strategies[0].difference.as_ref().unwrap(),
        );
        assert_eq!(one.interval.mean, -other.interval.mean);
        assert_eq!(one.interval.half_width, other.interval.half_width);
    }
}

/// The program, on a node and three kinds of pods, in a folder that is gone afterwards.
fn program(arguments: &[&str]) -> (Output, Output) {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &[u8]| std::fs::write(Path::new(folder.path()).join(file), text).unwrap();
    write("nodes.csv", format!("{NODES}a,64000,65536,4,T4\nb,64000,65536,4,T4\n").as_bytes());
    write("pods.csv", format!("{PODS}p1,1000,1,1,600,\np2,1000,1,1,300,\np3,1000,1,3,1000,\n").as_bytes());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpulse-sim"));
        command.current_dir(folder.path()).args(arguments).output().unwrap()
    };
    let tables = ["--nodes", "nodes.csv", "--pods", "pods.csv", "--strategy", "fgd,random"];
    let direct = run(&[&["compare"], arguments, &tables].concat());
    let result = run(&[arguments, &tables, &["--output", "json"]].concat());
    write("result.json", &result.stdout);
    (direct, run(&["compare", "result", "result.json"]))
}

#[test]
fn a_result_is_compared_as_if_it_was_run_now() {
    for arguments in [
        &["fill", "--seeds", "1..6"][..],
        &["run", "--seeds", "1..3", "--lives", "exp:60s", "--pods-counted", "300", "--load", "0.8"],
    ] {
        let (direct, result) = program(arguments);
        assert_eq!((direct.status.code(), result.status.code()), (Some(0), Some(0)), "{direct:?}");
        assert_eq!(direct.stdout, result.stdout);
        assert!(!direct.stdout.is_empty());
    }
}

#[test]
fn what_cannot_be_compared_is_refused_before_the_work() {
    let told = |arguments: &[&str]| {
        let (direct, _) = program(arguments);
        assert_eq!((direct.status.code(), direct.stdout.len()), (Some(2), 0));
        String::from_utf8(direct.stderr).unwrap()
    };
    assert_snapshot!(told(&["fill", "--seeds", "1"]), @"gpulse-sim: --seeds: found one, expected two or more: one tells nothing of chance");
    assert_snapshot!(told(&["fill", "--against", "binpack"]), @r#"gpulse-sim: --against: found "binpack", expected one of the strategies: fgd, random"#);
    assert_snapshot!(told(&["fill", "--metric", "wait_mean_s", "--seeds", "1..2"]), @"gpulse-sim: --metric: none of these is measured by gpulse-sim fill, or no run came so far");
    assert_snapshot!(told(&["fill", "--metric", "speed"]), @"
error: invalid value 'speed' for '--metric <NAMES>': expected some of allocation_pct, fragmentation_pct, failed_pods, gpu_hours_used, gpu_hours_idle, gpu_hours_stranded, blocked_pct, wait_mean_s, wait_p95_s

For more information, try '--help'.
");
}
