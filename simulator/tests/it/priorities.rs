//! Queues in which some go before others.

use gpulse_simulator::run::{Arrivals, Discipline, Extent, Lives, Plan, Rhythm, Traffic, TrafficError, What};

use crate::support::{Run, timed};

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
