//! Runs in time, with the answers known beforehand.

use gpulse_simulator::run::{
    Arrivals, Discipline, Extent, Lives, Moment, Plan, Rhythm, Schedule, Size, Traffic, TrafficError, What,
};
use gpulse_simulator::workload::Workload;

use crate::support::{Run, small, timed};

const BACKFILL: Discipline = Discipline::Backfill { depth: 200 };

const GIB_64: &str = "a,64000,65536,1,T4\n";

/// By pod, how long it waited, in seconds; `None` for one that never started.
fn waits_s(run: &Run) -> Vec<Option<u64>> {
    let mut waits = vec![None; run.schedule.pods.len()];
    for record in &run.records {
        if let What::Started { waited_ms, .. } = record.what {
            waits[record.pod.number as usize] = Some(waited_ms / 1000);
        }
    }
    waits
}

/// One GPU: 600 of it from 0 to 10 s, then a whole one for 5 s from 1 s on, then 400 for 3 s from 2 s on.
const THREE_PODS: &str = "p1,1,1,1,600,,0,10\np2,1,1,1,1000,,1,6\np3,1,1,1,400,,2,5\n";

#[test]
fn first_come_first_served_lets_the_head_block() {
    let (workload, times) = timed(GIB_64, THREE_PODS);
    let run = Run::traced(&workload, &times, Discipline::Fifo, "fgd");
    // The second starts when the first leaves, at 10, and the third when the second does, at 15.
    assert_eq!(waits_s(&run), [Some(0), Some(9), Some(13)]);
    let outcome = run.outcome;
    assert_eq!((outcome.makespan_ms, outcome.window_ms, outcome.events), (18_000, 0..10_000, 6));
    // In the first ten seconds 600 are in use, and from the first second on somebody waits.
    assert_eq!((outcome.busy, outcome.idle, outcome.stranded), (600 * 10_000, 400 * 10_000, 400 * 9_000));
    assert_eq!((outcome.blocked_ms, outcome.queue_ms, outcome.longest_queue), (9_000, 17_000, 2));
    let wait = |size| outcome.waits_by_size[&size].mean_ms;
    assert_eq!((wait(Size::Share), wait(Size::Gpus(1))), (6_500.0, 9_000.0));
}

#[test]
fn backfill_lets_pass_who_fits() {
    let (workload, times) = timed(GIB_64, THREE_PODS);
    let run = Run::traced(&workload, &times, BACKFILL, "fgd");
    assert_eq!(waits_s(&run), [Some(0), Some(9), Some(0)]);
    let outcome = run.outcome;
    assert_eq!(outcome.makespan_ms, 15_000);
    assert_eq!((outcome.busy, outcome.stranded), (600 * 10_000 + 400 * 3_000, 400 * 6_000));
    assert_eq!((outcome.blocked_ms, outcome.queue_ms, outcome.longest_queue), (9_000, 9_000, 1));
    let moment = |at_ms, busy_milli| Moment { at_ms, queue: 1, busy_milli };
    // A moment is as its events leave it.
    assert_eq!(outcome.timeline[19], moment(2_000, 1_000));
    assert_eq!(outcome.timeline[49], moment(5_000, 600));
    assert_eq!(outcome.timeline.len(), 100);
    // Each part is a tenth of a second: 1 whole GPU from the second to the fifth second.
    let node = &outcome.nodes.unwrap()[0];
    assert_eq!(
        (node.len(), node[19], node[20], node[49], node[50], node[99]),
        (100, 600, 1_000, 1_000, 600, 600)
    );
}

#[test]
fn who_leaves_makes_room_for_who_comes_at_the_same_time() {
    let (workload, times) = timed(GIB_64, "p1,1,1,1,1000,,0,5\np2,1,1,1,1000,,5,9\np3,1,1,1,1000,,9,9\n");
    for queue in [Discipline::Fifo, BACKFILL] {
        let run = Run::traced(&workload, &times, queue, "binpack");
        assert_eq!(waits_s(&run), [Some(0); 3], "{queue}");
    }
}

#[test]
fn backfill_looks_no_deeper_than_it_is_told() {
    let rows = "p1,1,1,1,1000,,0,10\np2,1,1,1,500,,0,20\np3,1,1,2,1000,,1,9\np4,1,1,1,1000,,2,3\n";
    let (workload, times) = timed("a,64000,65536,2,T4\n", rows);
    let waits = |depth| waits_s(&Run::traced(&workload, &times, Discipline::Backfill { depth }, "best-fit"));
    // At 10 a GPU is free: too little for the third, which is all that a depth of one tries.
    assert_eq!(waits(1), [Some(0), Some(0), Some(19), Some(26)]);
    assert_eq!(waits(2), [Some(0), Some(0), Some(19), Some(8)]);
}

#[test]
fn what_fits_no_empty_node_is_refused_and_blocks_nobody() {
    let (workload, times) = timed(GIB_64, "p1,1,1,2,1000,,0,10\np2,1,1,1,1000,V100,0,5\np3,1,1,1,500,,1,5\n");
    let run = Run::traced(&workload, &times, Discipline::Fifo, "fgd");
    assert_eq!(waits_s(&run), [None, None, Some(0)]);
    let refused: Vec<(&str, u64)> =
        run.outcome.refused.iter().map(|(reason, pods)| (reason.name(), *pods)).collect();
    assert_eq!(refused, [("wrong-model", 1), ("insufficient-gpus", 1)]);
    assert_eq!((run.outcome.pods, run.outcome.waits.pods), (3, 1));
}

fn poisson(load: &str, lives: &str, queue: Discipline, pods: u64) -> Plan {
    Plan {
        arrivals: Arrivals::Poisson(load.parse().unwrap()),
        lives: lives.parse().unwrap(),
        warm_up_ms: None,
        extent: Extent::Pods(pods),
        queue,
        priorities: false,
        rhythm: Rhythm::default(),
    }
}

/// Queueing theory knows the mean wait at one server with exponential gaps and lives: load / (1 - load) lives.
#[test]
fn one_gpu_makes_people_wait_as_theory_says() {
    let (workload, times) = timed(GIB_64, "p,1,1,1,1000,,0,1\n");
    for (load, lives) in [("0.5", 1.0), ("0.75", 3.0)] {
        let plan = poisson(load, "exp:100s", Discipline::Fifo, 150_000);
        let outcome = Run::of(&workload, &times, plan, "best-fit", 1).outcome;
        let mean_lives = outcome.waits.mean_ms / 100_000.0;
        assert!((mean_lives / lives - 1.0).abs() < 0.06, "load {load}: {mean_lives} lives");
        let in_use = outcome.busy as f64 / (outcome.busy + outcome.idle) as f64;
        assert!((in_use / load.parse::<f64>().unwrap() - 1.0).abs() < 0.02, "load {load}: {in_use} in use");
        // Little: those who wait at once are those who come in the time that one waits.
        let span_ms = (outcome.window_ms.end - outcome.window_ms.start) as f64;
        let (waiting, rate) = (outcome.queue_ms as f64 / span_ms, outcome.pods as f64 / span_ms);
        assert!((waiting / (rate * outcome.waits.mean_ms) - 1.0).abs() < 0.01, "load {load}");
    }
}

/// GPU-time that the schedule's pods ask for, over what there is in their time.
fn offered(workload: &Workload, schedule: &Schedule) -> f64 {
    let demand = |pod: &gpulse_simulator::run::Coming| {
        u128::from(workload.class(pod.class).gpu_milli) * u128::from(pod.life_ms)
    };
    let span_ms = schedule.pods.last().unwrap().at_ms;
    schedule.pods.iter().map(demand).sum::<u128>() as f64 / (workload.capacity_milli * span_ms) as f64
}

#[test]
fn drawn_pods_ask_for_the_load_whatever_their_lives() {
    let workload = small();
    for lives in ["exp:60s", "big-longer:60s"] {
        let plan = poisson("0.9", lives, BACKFILL, 50_000);
        let traffic = Traffic::new(&workload, &[], plan).unwrap();
        let schedule = traffic.schedule(7);
        assert_eq!(schedule.counted.len(), 50_000);
        let offered = offered(&workload, &schedule);
        assert!((offered / 0.9 - 1.0).abs() < 0.03, "{lives}: {offered}");
        // Three mean lives, of the pod with four GPUs where it lives four times as long.
        assert_eq!(traffic.warm_up_ms(), if lives == "exp:60s" { 180_000 } else { 720_000 });
    }
    let (workload, times) = timed("a,64000,65536,8,T4\n", "p1,1,1,1,600,,0,10\np2,1,1,2,1000,,1,60\n");
    let plan = poisson("0.5", "trace", BACKFILL, 50_000);
    let traffic = Traffic::new(&workload, &times, plan).unwrap();
    let offered = offered(&workload, &traffic.schedule(7));
    assert!((offered / 0.5 - 1.0).abs() < 0.03, "{offered}");
    assert_eq!(traffic.warm_up_ms(), 59_000);
}

#[test]
fn pods_come_before_and_after_those_that_are_counted() {
    let workload = small();
    let mut plan = poisson("0.9", "exp:60s", BACKFILL, 1_000);
    plan.warm_up_ms = Some(120_000);
    let schedule = Traffic::new(&workload, &[], plan).unwrap().schedule(1);
    let came = |place: usize| schedule.pods[place].at_ms;
    assert_eq!(schedule.window_ms, 120_000..came(schedule.counted.end - 1));
    assert!(came(schedule.counted.start - 1) < 120_000 && came(schedule.counted.start) >= 120_000);
    let after_ms = schedule.pods.last().unwrap().at_ms - schedule.window_ms.end;
    assert!((100_000..=120_000).contains(&after_ms), "{after_ms}");
}

#[test]
fn a_horizon_cuts_a_trace() {
    let (workload, times) =
        timed(GIB_64, "p1,1,1,1,600,,100,110\np2,1,1,1,500,,107,109\np3,1,1,1,400,,103,104\n");
    let plan = Plan {
        arrivals: Arrivals::Trace,
        lives: Lives::Trace { cap_ms: Some(2_000) },
        warm_up_ms: None,
        extent: Extent::Millis(5_000),
        queue: Discipline::Fifo,
        priorities: false,
        rhythm: Rhythm::default(),
    };
    let schedule = Traffic::new(&workload, &times, plan).unwrap().schedule(1);
    let pods: Vec<(u64, u64)> = schedule.pods.iter().map(|pod| (pod.at_ms, pod.life_ms)).collect();
    assert_eq!(pods, [(0, 2_000), (3_000, 1_000)]);
    assert_eq!((schedule.window_ms, schedule.counted), (0..5_000, 0..2));
}

#[test]
fn a_plan_that_asks_for_what_the_pods_do_not_have_is_refused() {
    let workload = small();
    let of = |plan| Traffic::new(&workload, &[], plan).map(|_| ()).unwrap_err();
    assert_eq!(of(poisson("0.9", "trace", BACKFILL, 1)), TrafficError::NoTimes);
    let endless = Plan { extent: Extent::Trace, ..poisson("0.9", "exp:60s", BACKFILL, 1) };
    assert_eq!(of(endless), TrafficError::NoEnd);
    let (workload, times) = timed(GIB_64, "p1,1,1,1,600,,5,5\n");
    let idle = Traffic::new(&workload, &times, poisson("0.9", "trace", BACKFILL, 1));
    assert_eq!(idle.map(|_| ()).unwrap_err(), TrafficError::NoLoad);
}

#[test]
fn lives_are_told_as_they_are_typed() {
    for text in ["exp:1h", "big-longer:90s", "trace"] {
        assert_eq!(text.parse::<Lives>().unwrap().to_string(), text);
    }
    for wrong in ["", "exp", "exp:", "exp:0s", "exp:5", "exp:999ms", "trace:6h", "normal:1h", "exp:100001h"] {
        assert!(wrong.parse::<Lives>().is_err(), "{wrong:?}");
    }
}
