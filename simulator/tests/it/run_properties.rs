//! What holds of every run, whatever comes.

use std::collections::HashMap;

use gpulse_simulator::cluster::{Mib, MilliCpu, Slot};
use gpulse_simulator::fragmentation::Room;
use gpulse_simulator::input::PodTimes;
use gpulse_simulator::policy::Choice;
use gpulse_simulator::run::{Discipline, Record, What};
use gpulse_simulator::workload::Workload;
use proptest::prelude::*;

use crate::support::{Run, tables};

/// What runs on a node: GPUs in thousandths, CPU and memory.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    gpu_milli: u64,
    cpu: MilliCpu,
    memory: Mib,
}

/// What a pod went through, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Story {
    came: Option<u64>,
    started: Option<u64>,
    left: Option<u64>,
    is_refused: bool,
}

fn stories(run: &Run) -> Vec<Story> {
    let mut stories = vec![Story::default(); run.schedule.pods.len()];
    for Record { at_ms, pod, what } in &run.records {
        let story = &mut stories[pod.number as usize];
        let step = match what {
            What::Came => &mut story.came,
            What::Started { .. } => &mut story.started,
            What::Left { .. } => &mut story.left,
            What::Refused(_) => {
                story.is_refused = true;
                continue;
            }
        };
        assert_eq!(step.replace(*at_ms), None, "twice");
    }
    stories
}

/// No node ever has more on it than it has.
fn assert_within_capacity(workload: &Workload, run: &Run) {
    let mut used: HashMap<Slot, Used> = HashMap::new();
    for record in &run.records {
        let class = workload.class(record.pod.class);
        match record.what {
            What::Started { slot, .. } => {
                let on = used.entry(slot).or_default();
                on.gpu_milli += class.gpu_milli;
                on.cpu += class.request.cpu;
                on.memory += class.request.memory;
                let node = workload.snapshot.at(slot).unwrap();
                let gpu_milli = u64::from(Room::at(workload, &workload.snapshot, slot).idle_milli);
                assert!(on.gpu_milli <= gpu_milli && on.cpu <= node.cpu() && on.memory <= node.memory());
            }
            What::Left { slot } => {
                let on = used.get_mut(&slot).unwrap();
                on.gpu_milli -= class.gpu_milli;
                on.cpu = on.cpu.saturating_sub(class.request.cpu);
                on.memory = on.memory.saturating_sub(class.request.memory);
            }
            What::Came | What::Refused(_) => {}
        }
    }
}

/// Every pod is refused or comes, starts and leaves, in this order, and runs for its life.
fn assert_all_served(run: &Run) {
    for (story, pod) in stories(run).iter().zip(&run.schedule.pods) {
        if story.is_refused {
            assert_eq!(*story, Story { is_refused: true, ..Story::default() });
            continue;
        }
        let started = story.started.unwrap();
        assert_eq!((story.came, story.left), (Some(pod.at_ms), Some(started + pod.life_ms)));
        assert!(started >= pod.at_ms);
    }
}

fn place(record: &Record) -> Option<Slot> {
    match record.what {
        What::Started { slot, .. } | What::Left { slot } => Some(slot),
        What::Came | What::Refused(_) => None,
    }
}

/// What runs on a node in this time: thousandths of a GPU times milliseconds.
fn busy_on(workload: &Workload, run: &Run, slot: Slot, from_ms: u64, to_ms: u64) -> u64 {
    let mut busy = 0;
    for record in run.records.iter().filter(|record| place(record) == Some(slot)) {
        let milli = workload.class(record.pod.class).gpu_milli;
        let rest_ms = to_ms.saturating_sub(record.at_ms.max(from_ms));
        match record.what {
            What::Started { .. } => busy += milli * rest_ms,
            _ => busy -= milli * rest_ms,
        }
    }
    busy
}

fn times() -> impl Strategy<Value = Vec<PodTimes>> {
    let pod = (0..40_u64, 0..30_u64).prop_map(|(came, life)| PodTimes { came_ms: came, life_ms: life });
    prop::collection::vec(pod, 16)
}

proptest! {
    #[test]
    fn whoever_comes_is_served_and_no_node_is_overcommitted(tables in tables(), times in times(), depth in 1..5_usize) {
        let workload = tables.workload();
        for choice in Choice::all() {
            for queue in [Discipline::Fifo, Discipline::Backfill { depth }] {
                let run = Run::traced(&workload, &times, queue, choice.name());
                assert_within_capacity(&workload, &run);
                assert_all_served(&run);
                prop_assert!(run.records.is_sorted_by_key(|record| record.at_ms));
                let counted = run.outcome.waits.pods + run.outcome.refused.values().sum::<u64>();
                prop_assert_eq!(counted, run.outcome.pods);
            }
        }
    }

    #[test]
    fn nobody_overtakes_where_the_head_blocks(tables in tables(), times in times()) {
        let workload = tables.workload();
        for policy in ["fgd", "binpack"] {
            let run = Run::traced(&workload, &times, Discipline::Fifo, policy);
            let started = run.records.iter().filter(|record| matches!(record.what, What::Started { .. }));
            prop_assert!(started.is_sorted_by_key(|record| record.pod.number));
        }
    }

    /// Little's law without a limit: what the queue adds up to is what pods wait, where all is measured.
    #[test]
    fn the_queue_is_the_waits(
        tables in tables(), times in times(), scale in 1..90_u64, is_fifo in any::<bool>(),
    ) {
        let scaled = |times: &PodTimes| PodTimes { came_ms: times.came_ms * scale, life_ms: times.life_ms * scale };
        let times: Vec<PodTimes> = times.iter().map(scaled).collect();
        let workload = tables.workload();
        let queue = if is_fifo { Discipline::Fifo } else { Discipline::Backfill { depth: 3 } };
        let run = Run::traced(&workload, &times, queue, "best-fit");
        let end_ms = run.outcome.window_ms.end;
        let (mut waits, mut busy) = (0, 0);
        for (story, pod) in stories(&run).iter().zip(&run.schedule.pods) {
            let (Some(came), Some(started), Some(left)) = (story.came, story.started, story.left) else { continue };
            waits += u128::from(started.min(end_ms).saturating_sub(came));
            let ran = left.min(end_ms).saturating_sub(started);
            busy += u128::from(ran) * u128::from(workload.class(pod.class).gpu_milli);
        }
        prop_assert_eq!((run.outcome.queue_ms, run.outcome.busy), (waits, busy));
        let nodes = run.outcome.nodes.clone().unwrap();
        for part in 0..100 {
            let (from, to) = (end_ms * part / 100, end_ms * (part + 1) / 100);
            let on = |slot: &Slot| busy_on(&workload, &run, *slot, from, to);
            for (node, slot) in nodes.iter().zip(&workload.slots) {
                let expected = (on(slot) * 2 + (to - from)).checked_div((to - from) * 2).unwrap_or(0);
                prop_assert_eq!(node[part as usize], expected);
            }
        }
        let all = u128::from(workload.capacity_milli) * u128::from(end_ms);
        prop_assert_eq!(run.outcome.busy + run.outcome.idle, all);
    }
}
