//! Runs in time, from tables with times.

use gpulse_simulator::fragmentation::{Measure, Mix};
use gpulse_simulator::input::{PodTimes, read_timed_pods};
use gpulse_simulator::policy::{Choice, Stage};
use gpulse_simulator::run::{
    Arrivals, Discipline, Extent, Lives, Meter, Outcome, Plan, Record, Rhythm, Schedule, Traffic, simulate,
};
use gpulse_simulator::workload::{PodTable, Workload};

use super::{NODES, nodes};

/// The header of a table of pods with times.
pub(crate) const TIMED_PODS: &str =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time\n";

/// A workload and its pods' times from rows without their headers.
pub(crate) fn timed(node_rows: &str, pod_rows: &str) -> (Workload, Vec<PodTimes>) {
    let nodes = nodes(&format!("{NODES}{node_rows}")).unwrap();
    let (mut pods, mut times) = (PodTable::default(), Vec::new());
    let text = format!("{TIMED_PODS}{pod_rows}");
    read_timed_pods("pods.csv", text.as_bytes(), |row, pod_times| {
        pods.add(row);
        times.extend(pod_times);
    })
    .unwrap();
    (Workload::new(&nodes, pods).unwrap(), times)
}

/// One run of one policy, and what happened in it.
pub(crate) struct Run {
    pub(crate) schedule: Schedule,
    pub(crate) records: Vec<Record>,
    pub(crate) outcome: Outcome,
}

impl Run {
    /// Of a plan.
    pub(crate) fn of(workload: &Workload, times: &[PodTimes], plan: Plan, policy: &str, seed: u64) -> Self {
        let traffic = Traffic::new(workload, times, plan).unwrap();
        let schedule = traffic.schedule(seed);
        let measure = Measure::of(workload, &Mix::typical(workload));
        let stage = Stage { workload, measure: &measure, seed };
        let (mut meter, mut records) = (Meter::new(workload, &schedule).with_nodes(), Vec::new());
        simulate(stage, Choice::named(policy).unwrap(), &schedule.pods, plan.queue, |record| {
            meter.note(&record);
            records.push(record);
        });
        Self { schedule, records, outcome: meter.finish() }
    }

    /// Of the trace as it is, to its end. Priorities count where they differ.
    pub(crate) fn traced(workload: &Workload, times: &[PodTimes], queue: Discipline, policy: &str) -> Self {
        let priorities = || workload.classes.iter().map(|class| class.request.priority);
        let plan = Plan {
            arrivals: Arrivals::Trace,
            lives: Lives::Trace { cap_ms: None },
            warm_up_ms: None,
            extent: Extent::Trace,
            queue,
            priorities: priorities().min() != priorities().max(),
            rhythm: Rhythm::default(),
        };
        Self::of(workload, times, plan, policy, 1)
    }
}
