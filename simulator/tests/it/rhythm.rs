//! Arrivals in bursts, by day and night, and with a mix that drifts.

use std::collections::BTreeMap;

use gpulse_simulator::run::{
    Arrivals, Coming, Discipline, Extent, Lives, Plan, Rhythm, Schedule, Traffic, TrafficError,
};
use gpulse_simulator::workload::Workload;

use crate::support::{small, timed};

const DAY_MS: u64 = 24 * 3_600_000;

fn plan(rhythm: Rhythm, extent: Extent) -> Plan {
    Plan {
        arrivals: Arrivals::Poisson("0.9".parse().unwrap()),
        lives: Lives::Exponential { mean_ms: 60_000 },
        warm_up_ms: Some(0),
        extent,
        queue: Discipline::Fifo,
        priorities: false,
        rhythm,
    }
}

fn schedule(workload: &Workload, rhythm: Rhythm, extent: Extent) -> Schedule {
    Traffic::new(workload, &[], plan(rhythm, extent)).unwrap().schedule(7)
}

/// GPU-time that the pods ask for, over what there is in this time.
fn load(workload: &Workload, pods: &[Coming], span_ms: u64) -> f64 {
    let demand = |pod: &Coming| u128::from(workload.class(pod.class).gpu_milli) * u128::from(pod.life_ms);
    pods.iter().map(demand).sum::<u128>() as f64 / (workload.capacity_milli * span_ms) as f64
}

/// Those that come in the hours around this one of any day.
fn around(schedule: &Schedule, hour: u64) -> Vec<Coming> {
    let near = |pod: &&Coming| (pod.at_ms / 3_600_000 + 24 + 1 - hour) % 24 < 2;
    schedule.pods.iter().filter(near).copied().collect()
}

#[test]
fn bursts_are_equal_pods_that_come_together_at_the_same_load() {
    let workload = small();
    for (burst, mean) in [("5", 5.0), ("geometric:5", 5.0)] {
        let rhythm = Rhythm { burst: burst.parse().unwrap(), ..Rhythm::default() };
        let schedule = schedule(&workload, rhythm, Extent::Pods(60_000));
        let span_ms = schedule.pods.last().unwrap().at_ms;
        let load = load(&workload, &schedule.pods, span_ms);
        assert!((load / 0.9 - 1.0).abs() < 0.05, "{burst}: {load}");
        let mut sizes: BTreeMap<(u64, usize), usize> = BTreeMap::new();
        for pod in &schedule.pods {
            *sizes.entry((pod.at_ms, pod.class.index())).or_default() += 1;
        }
        let size = schedule.pods.len() as f64 / sizes.len() as f64;
        assert!((size / mean - 1.0).abs() < 0.03, "{burst}: {size}");
        let is_fixed = sizes.values().filter(|size| **size == 5).count() > sizes.len() * 9 / 10;
        assert_eq!(is_fixed, burst == "5");
        // Their lives are their own.
        assert!(schedule.pods[0].life_ms != schedule.pods[1].life_ms);
    }
}

#[test]
fn a_day_has_its_load_and_most_of_it_at_noon() {
    let workload = small();
    let rhythm = Rhythm { daily: "0.5".parse().unwrap(), ..Rhythm::default() };
    let schedule = schedule(&workload, rhythm, Extent::Millis(10 * DAY_MS));
    let whole = load(&workload, &schedule.pods, 10 * DAY_MS);
    assert!((whole / 0.9 - 1.0).abs() < 0.02, "{whole}");
    let (noon, midnight) = (around(&schedule, 12).len() as f64, around(&schedule, 0).len() as f64);
    // 1.5 and 0.5 times the mean, a little less at the ends of an hour.
    assert!((2.8..3.05).contains(&(noon / midnight)), "{noon} / {midnight}");
}

#[test]
fn a_mix_that_drifts_changes_who_comes_and_not_how_much() {
    let workload = small();
    let rhythm = Rhythm { drift: "0.8".parse().unwrap(), ..Rhythm::default() };
    let schedule = schedule(&workload, rhythm, Extent::Millis(10 * DAY_MS));
    let (noon, midnight) = (around(&schedule, 12), around(&schedule, 0));
    let of = |pods: &[Coming]| load(&workload, pods, 10 * 2 * 3_600_000);
    // Half of the GPU-time is the pod with four GPUs; the others share the rest.
    assert!((of(&noon) / 0.9 - 1.0).abs() < 0.06 && (of(&midnight) / 0.9 - 1.0).abs() < 0.06);
    let large = |pods: &[Coming]| {
        let is_large = |pod: &&Coming| workload.class(pod.class).gpu_milli == 4000;
        pods.iter().filter(is_large).count() as f64
    };
    assert!((7.0..9.2).contains(&(large(&midnight) / large(&noon))), "{}", large(&midnight) / large(&noon));
}

#[test]
fn a_trace_has_its_own_rhythm() {
    let (workload, times) = timed("a,64000,65536,1,T4\n", "p1,1,1,1,600,,0,10\n");
    let rhythm = Rhythm { burst: "8".parse().unwrap(), ..Rhythm::default() };
    let plan = Plan { arrivals: Arrivals::Trace, ..plan(rhythm, Extent::Trace) };
    assert_eq!(Traffic::new(&workload, &times, plan).map(|_| ()).unwrap_err(), TrafficError::NoRhythm);
}
