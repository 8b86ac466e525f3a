//! Which pods come when, how long they run and how they queue.

use std::num::{NonZeroU64, NonZeroUsize};

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::cluster::Period;
use crate::run::{Arrivals, Burst, Discipline, Extent, Lives, Plan, Rhythm, Swing};
use crate::workload::Arrive;

/// The traffic that a command lets into the cluster, and how much of it is measured.
#[derive(Debug, Args)]
pub(super) struct TrafficArguments {
    /// When pods come: at random, each drawn from the table (poisson), or as the table says (trace).
    #[arg(long, value_enum, default_value_t)]
    arrivals: ArrivalsKind,
    /// How much the pods that are drawn ask for: GPU-time asked for over GPU-time there is; by default 0.9.
    #[arg(long, value_name = "TIMES")]
    load: Option<Arrive>,
    /// How long pods run: exp:MEAN is exponential, big-longer:MEAN has that mean times the GPUs that the pod asks for
    /// (at least one), trace takes the table's times. By default exp:3600s, and with a trace's arrivals trace.
    #[arg(long, value_name = "LIVES")]
    lives: Option<Lives>,
    /// Cut the lives of a trace to this; by default 6h where arrivals are drawn.
    #[arg(long, value_name = "TIME")]
    lives_cap: Option<Period>,
    /// Let equal pods come together: so many at a time (8), or so many on average (geometric:8). The load stays the same.
    #[arg(long, value_name = "PODS")]
    burst: Option<Burst>,
    /// Let the rate of arrivals follow the day: at noon by this part above its mean and at midnight, when time begins,
    /// below it; 0.01 to 1.
    #[arg(long, value_name = "PART")]
    daily: Option<Swing>,
    /// Let the mix follow the day: at noon the pods that ask for little come more often by this part and those that ask
    /// for much less often, at midnight the other way round. Each of the two halves asks for half of the GPU-time, so
    /// that the load stays the same.
    #[arg(long, value_name = "PART")]
    drift: Option<Swing>,
    /// Who is served: in the order of arrival, whereby the first blocks (fifo), or whoever fits (backfill).
    #[arg(long, value_enum, default_value_t)]
    queue: QueueKind,
    /// How many of those that wait are tried, in their order, when a pod leaves; by default 200.
    #[arg(long, value_name = "PODS")]
    backfill_depth: Option<NonZeroUsize>,
    /// Queue pods by their priority, the highest first, and only equals in the order of arrival. A pod that runs is left
    /// to run.
    #[arg(long)]
    priorities: bool,
    /// When to begin measuring; by default three of the longest mean lives (with a trace's lives the longest of them),
    /// and with a trace's arrivals at once.
    #[arg(long, value_name = "TIME")]
    warmup: Option<Period>,
    /// Measure until so many pods have come; by default 100000, one day where arrivals follow the day, and a whole
    /// trace.
    #[arg(long, value_name = "N", conflicts_with = "horizon")]
    pods_counted: Option<NonZeroU64>,
    /// Measure for so long.
    #[arg(long, value_name = "TIME")]
    horizon: Option<Period>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ArrivalsKind {
    #[default]
    Poisson,
    Trace,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum QueueKind {
    Fifo,
    #[default]
    Backfill,
}

/// How much drawn pods ask for where nobody says.
const LOAD: Arrive = Arrive::of_per_mille(900);
/// How many of those that wait are tried where nobody says.
const BACKFILL_DEPTH: usize = 200;
/// How many drawn pods are counted where nobody says.
const PODS_COUNTED: u64 = 100_000;
/// What drawn pods' lives of a trace are cut to where nobody says.
const LIVES_CAP_MS: u64 = 6 * 3_600_000;
/// How long is measured where arrivals follow the day and nobody says.
const DAY_MS: u64 = 24 * 3_600_000;
/// The mean life of drawn pods where nobody says.
const MEAN_LIFE_MS: u64 = 3_600_000;

impl TrafficArguments {
    /// What the arguments ask for, with what they leave open.
    pub(super) fn plan(&self) -> anyhow::Result<Plan> {
        let is_drawn = self.arrivals == ArrivalsKind::Poisson;
        let rhythm = self.rhythm();
        if !is_drawn && !rhythm.is_none() {
            bail!("--burst, --daily and --drift: a trace has its own arrivals, expected --arrivals poisson");
        }
        let usual = if is_drawn {
            Lives::Exponential { mean_ms: MEAN_LIFE_MS }
        } else {
            Lives::Trace { cap_ms: None }
        };
        let lives = match (self.lives.unwrap_or(usual), self.lives_cap) {
            (Lives::Trace { .. }, Some(cap)) => Lives::Trace { cap_ms: Some(millis(cap)) },
            (Lives::Trace { .. }, None) => Lives::Trace { cap_ms: is_drawn.then_some(LIVES_CAP_MS) },
            (_, Some(_)) => {
                bail!("--lives-cap: only the lives of a trace can be cut, expected --lives trace")
            }
            (lives, None) => lives,
        };
        let extent = match (self.pods_counted, self.horizon) {
            (Some(pods), _) => Extent::Pods(pods.get()),
            (None, Some(horizon)) => Extent::Millis(millis(horizon)),
            (None, None) if rhythm.is_daily() => Extent::Millis(DAY_MS),
            (None, None) if is_drawn => Extent::Pods(PODS_COUNTED),
            (None, None) => Extent::Trace,
        };
        let arrivals = match (self.arrivals, self.load) {
            (ArrivalsKind::Poisson, load) => Arrivals::Poisson(load.unwrap_or(LOAD)),
            (ArrivalsKind::Trace, None) => Arrivals::Trace,
            (ArrivalsKind::Trace, Some(_)) => {
                bail!("--load: a trace has its own, expected --arrivals poisson")
            }
        };
        let queue = match (self.queue, self.backfill_depth) {
            (QueueKind::Fifo, None) => Discipline::Fifo,
            (QueueKind::Fifo, Some(_)) => bail!("--backfill-depth: expected --queue backfill"),
            (QueueKind::Backfill, depth) => {
                Discipline::Backfill { depth: depth.map_or(BACKFILL_DEPTH, NonZeroUsize::get) }
            }
        };
        let warm_up_ms = self.warmup.map(millis);
        Ok(Plan { arrivals, lives, warm_up_ms, extent, queue, priorities: self.priorities, rhythm })
    }

    fn rhythm(&self) -> Rhythm {
        Rhythm {
            burst: self.burst.unwrap_or_default(),
            daily: self.daily.unwrap_or_default(),
            drift: self.drift.unwrap_or_default(),
        }
    }
}

/// A period as the command line has it: its parser lets no longer ones in than milliseconds can count.
pub(super) fn millis(period: Period) -> u64 {
    u64::try_from(period.0.as_millis()).unwrap_or(u64::MAX)
}
