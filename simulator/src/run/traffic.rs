//! Which pods come when: what a plan asks for, checked against what is known.

use std::fmt;

use thiserror::Error;

use super::lives::Lives;
use super::queue::Discipline;
use super::rhythm::Rhythm;
use super::schedule::{Coming, Schedule};
use crate::input::PodTimes;
use crate::workload::{Arrive, ClassId, Workload};

/// When pods come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// At any moment as likely as at any other, so that they ask for so many times the cluster's GPUs on average:
    /// GPU-time asked for in a unit of time over the GPU-time there is.
    Poisson(Arrive),
    /// As in the trace, from the first pod's arrival on.
    Trace,
}

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Until so many pods have come.
    Pods(u64),
    /// So many milliseconds.
    Millis(u64),
    /// Until the trace's last pod would leave if nobody had to wait.
    Trace,
}

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// When pods come.
    pub arrivals: Arrivals,
    /// How long they run.
    pub lives: Lives,
    /// How long to wait before measuring, in milliseconds; `None` for as long as it takes to forget that the cluster
    /// was empty where arrivals are drawn, and for no time where they are a trace's.
    pub warm_up_ms: Option<u64>,
    /// How long to measure.
    pub extent: Extent,
    /// Who is served when there is room.
    pub queue: Discipline,
    /// Whether pods of a higher priority go before others in the queue.
    pub priorities: bool,
    /// What drawn arrivals follow beside chance; nothing where they are a trace's.
    pub rhythm: Rhythm,
}

/// A pod of the table, as far as traffic goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traveller {
    pub(super) class: ClassId,
    pub(super) gpus: u32,
    pub(super) times: Option<PodTimes>,
    /// Zero where priorities do not count.
    priority: i32,
    /// Whether it is of the half that asks for more.
    pub(super) is_large: bool,
}

/// Makes each seed's pods come.
#[derive(Debug)]
pub struct Traffic {
    pub(super) plan: Plan,
    pub(super) pods: Vec<Traveller>,
    /// The mean time between two pods that may come, in nanoseconds; zero where they are the trace's.
    pub(super) mean_gap_ns: u64,
    /// How long to wait before measuring, in milliseconds.
    pub(super) warm_up_ms: u64,
}

/// Why a plan cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TrafficError {
    /// The plan asks for a trace's times, and there are none.
    #[error(
        "the pods have no times: expected the columns creation_time and deletion_time, or timestamp and duration, or cameMs and lifeMs of every pod of a trace"
    )]
    NoTimes,
    /// However often they come, they ask for nothing.
    #[error("the pods that ask for GPUs run for no time at all, so that no rate of arrivals makes the load")]
    NoLoad,
    /// The extent is the trace's, and arrivals are drawn.
    #[error("arrivals that are drawn have no end: expected a number of pods to count, or a horizon")]
    NoEnd,
    /// A trace has its own arrivals, and the plan asks for others.
    #[error("bursts, a daily curve and a drifting mix are drawn: expected arrivals that are drawn")]
    NoRhythm,
    /// The plan asks for priorities, and there is one.
    #[error(
        "all pods have the same priority: expected pods that differ in it, or a queue without priorities"
    )]
    OnePriority,
}

impl Traffic {
    /// The traffic of a workload. `times` are those of its pods in the order of the table, or empty.
    ///
    /// # Errors
    /// Where the plan asks for what the pods do not have.
    pub fn new(workload: &Workload, times: &[PodTimes], plan: Plan) -> Result<Self, TrafficError> {
        let needs_times = plan.arrivals == Arrivals::Trace || matches!(plan.lives, Lives::Trace { .. });
        if needs_times && times.len() < workload.pods.len() {
            return Err(TrafficError::NoTimes);
        }
        if plan.arrivals == Arrivals::Trace && !plan.rhythm.is_none() {
            return Err(TrafficError::NoRhythm);
        }
        let priorities = || workload.classes.iter().map(|class| class.request.priority);
        if plan.priorities && priorities().min() == priorities().max() {
            return Err(TrafficError::OnePriority);
        }
        let traveller = |(place, class): (usize, &ClassId)| {
            let gpus = workload.shape(workload.class(*class).shape).gpus;
            let priority = if plan.priorities { workload.class(*class).request.priority } else { 0 };
            Traveller { class: *class, gpus, times: times.get(place).copied(), priority, is_large: false }
        };
        let mut pods: Vec<Traveller> = workload.pods.iter().enumerate().map(traveller).collect();
        let mean = |pod: &Traveller| plan.lives.mean_ms(pod.gpus, pod.traced_ms());
        let forgotten_ms = pods.iter().map(mean).max().unwrap_or(0) * plan.lives.means_to_forget();
        let (mean_gap_ns, usual_ms) = match plan.arrivals {
            Arrivals::Trace => (0, 0),
            Arrivals::Poisson(_) if plan.extent == Extent::Trace => return Err(TrafficError::NoEnd),
            Arrivals::Poisson(load) => {
                let demand =
                    |pod: &Traveller| u128::from(workload.class(pod.class).gpu_milli) * u128::from(mean(pod));
                let all = pods.iter().map(demand).sum();
                halve(workload, &mut pods, demand, all);
                (plan.rhythm.offers_gap_ns(mean_gap_ns(workload, all, load)?), forgotten_ms)
            }
        };
        Ok(Self { plan, pods, mean_gap_ns, warm_up_ms: plan.warm_up_ms.unwrap_or(usual_ms) })
    }

    /// What is to happen.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The times of the table's pods, in its order, as far as it has any.
    pub(crate) fn times(&self) -> impl Iterator<Item = PodTimes> {
        self.pods.iter().filter_map(|pod| pod.times)
    }

    /// How long to wait before measuring, in milliseconds.
    #[must_use]
    pub fn warm_up_ms(&self) -> u64 {
        self.warm_up_ms
    }

    /// The seed's pods.
    #[must_use]
    pub fn schedule(&self, seed: u64) -> Schedule {
        match self.plan.arrivals {
            Arrivals::Poisson(_) => Schedule::drawn(self, seed),
            Arrivals::Trace => Schedule::traced(self, seed),
        }
    }
}

/// Marks the half of the pods that asks for more: those with the most GPUs, then CPU, then memory, that together ask
/// for half of all GPU-time.
fn halve(workload: &Workload, pods: &mut [Traveller], demand: impl Fn(&Traveller) -> u128, all: u128) {
    let mut order: Vec<usize> = (0..pods.len()).collect();
    order.sort_by_key(|place| {
        let class = workload.class(pods[*place].class);
        (class.gpu_milli, class.request.cpu, class.memory_mib, *place)
    });
    let mut asked = 0;
    for place in order {
        let own = demand(&pods[place]);
        // Where the half falls into a pod, that pod is of the side on which more of it lies.
        pods[place].is_large = asked * 2 + own > all;
        asked += own;
    }
}

impl Traveller {
    /// Its arrival at this moment, to run for so long.
    pub(super) fn coming(&self, at_ms: u64, life_ms: u64) -> Coming {
        Coming { at_ms, life_ms, class: self.class, priority: self.priority }
    }

    /// How long it ran in the trace, in milliseconds.
    pub(super) fn traced_ms(&self) -> u64 {
        self.times.map_or(0, |times| times.life_ms)
    }
}

/// The gap at which the pods, which ask for so many thousandths of a GPU times milliseconds in all, make the load.
fn mean_gap_ns(workload: &Workload, demand: u128, load: Arrive) -> Result<u64, TrafficError> {
    let (pods, capacity) = (workload.pods.len() as u128, u128::from(workload.capacity_milli));
    // 10^6 nanoseconds in a millisecond, 10^3 thousandths of the load.
    let gap = demand * 1_000_000_000 / (pods * capacity * u128::from(load.per_mille()));
    u64::try_from(gap).ok().filter(|gap| *gap > 0).ok_or(TrafficError::NoLoad)
}

impl fmt::Display for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisson(_) => f.write_str("poisson"),
            Self::Trace => f.write_str("trace"),
        }
    }
}
