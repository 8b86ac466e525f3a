//! Queues in which some go before others.

use gpulse_simulator::output::Document;
use gpulse_simulator::output::run::Report;
use gpulse_simulator::policy::Choice;
use gpulse_simulator::run::{
    Arrivals, Discipline, Experiment, Extent, Lives, Plan, Rhythm, Traffic, TrafficError, What, experiment,
};
use gpulse_simulator::runs::Shard;
use insta::assert_snapshot;

use crate::support::{Run, small, timed};

/// One GPU: a pod holds it until 10, and then come one of priority 0, one of -5 and one of 10; each runs for 5 s.
const ROWS: &str = "p1,1,1,1,1000,,0,10\np2,2,1,1,1000,,1,6\np3,3,1,1,1000,,2,7\np4,4,1,1,1000,,3,8\n";

/// By pod, when it started, in seconds.
fn starts_s(queue: Discipline, priorities: [i32; 4]) -> Vec<u64> {
    let (mut workload, times) = timed("a,64000,65536,1,T4\n", ROWS);
    for (class, priority) in workload.classes.iter_mut().zip(priorities) {
        class.request.priority = priority;
    }
    let run = Run::traced(&workload, &times, queue, "fgd");
    let mut starts = vec![0; 4];
    for record in &run.records {
        if matches!(record.what, What::Started { .. }) {
            starts[record.pod.number as usize] = record.at_ms / 1000;
        }
    }
    let waits: Vec<i32> = run.outcome.waits_by_priority.keys().copied().collect();
    let mut expected = priorities.to_vec();
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(waits, expected);
    starts
}

#[test]
fn the_highest_goes_first_and_equals_in_the_order_of_arrival() {
    for queue in [Discipline::Fifo, Discipline::Backfill { depth: 200 }] {
        assert_eq!(starts_s(queue, [0, 0, 0, 0]), [0, 10, 15, 20]);
        assert_eq!(starts_s(queue, [0, 0, -5, 10]), [0, 15, 20, 10]);
        // Whoever runs is left to run.
        assert_eq!(starts_s(queue, [-9, 0, 10, 10]), [0, 20, 10, 15]);
    }
    // A depth of one tries the highest only.
    assert_eq!(starts_s(Discipline::Backfill { depth: 1 }, [0, 0, -5, 10]), [0, 15, 20, 10]);
}

#[test]
fn priorities_that_do_not_differ_are_refused() {
    let (workload, times) = timed("a,64000,65536,1,T4\n", ROWS);
    let plan = Plan {
        arrivals: Arrivals::Trace,
        lives: Lives::Trace { cap_ms: None },
        warm_up_ms: None,
        extent: Extent::Trace,
        queue: Discipline::Fifo,
        priorities: true,
        rhythm: Rhythm::default(),
    };
    assert_eq!(Traffic::new(&workload, &times, plan).map(|_| ()).unwrap_err(), TrafficError::OnePriority);
}

#[test]
fn waits_are_told_by_priority_where_pods_differ_in_it() {
    let mut workload = small();
    workload.classes[4].request.priority = 100;
    workload.classes[0].request.priority = -5;
    let plan = Plan {
        arrivals: Arrivals::Poisson("0.9".parse().unwrap()),
        lives: Lives::Exponential { mean_ms: 60_000 },
        warm_up_ms: None,
        extent: Extent::Pods(500),
        queue: Discipline::Backfill { depth: 200 },
        priorities: true,
        rhythm: Rhythm::default(),
    };
    let traffic = Traffic::new(&workload, &[], plan).unwrap();
    let policies = ["fgd", "worst-fit"].map(|name| Choice::named(name).unwrap()).to_vec();
    let plan = Experiment { policies, seeds: vec![1, 2], shard: Shard::default(), node_timeline: false };
    let report =
        Report::of(&workload, &traffic, &plan, &experiment(&workload, &traffic, &plan, 1, &|| true, &|_| {}));
    let text = report.to_text();
    let (_, table) = text.split_once("Wait, mean, seconds, by priority:\n").unwrap();
    let table: String = table.lines().take(3).map(|line| format!("{line}\n")).collect();
    assert_snapshot!(table, @"
strategy           100           0        -5
fgd        143.7 ±53.3  36.6 ±36.9  3.8 ±5.3
worst-fit  137.4 ±67.7  39.3 ±45.0  4.0 ±5.0
");
    assert!(text.contains("queue backfill of 200 by priority;"));
    let mut csv = Vec::new();
    report.write_csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let lines: Vec<&str> = csv
        .lines()
        .filter(|line| line.starts_with("fgd,priority ") && line.contains("wait_mean_s"))
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
}
