//! Which pods come, and in which order: the paper's Monte-Carlo inflation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;

use super::{ClassId, Workload};
use crate::draw::{Draw, Purpose};

/// How much demand arrives: thousandths of the cluster's GPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrive {
    per_mille: u32,
}

/// What is no share of demand.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a multiple of the cluster's GPUs with up to three decimals, 0.01 to 10, such as 1.3")]
pub struct ArriveError;

impl Default for Arrive {
    /// The paper's.
    fn default() -> Self {
        Self { per_mille: 1300 }
    }
}

impl Arrive {
    /// So many thousandths of the cluster's GPUs.
    pub(crate) const fn of_per_mille(per_mille: u32) -> Self {
        Self { per_mille }
    }

    /// Thousandths of the cluster's GPUs.
    #[must_use]
    pub fn per_mille(self) -> u64 {
        self.per_mille.into()
    }
}

impl FromStr for Arrive {
    type Err = ArriveError;

    fn from_str(text: &str) -> Result<Self, ArriveError> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 3 || whole.len() > 2 {
            return Err(ArriveError);
        }
        let per_mille = format!("{whole}{decimals:0<3}").parse().map_err(|_| ArriveError)?;
        if (10..=10_000).contains(&per_mille) { Ok(Self { per_mille }) } else { Err(ArriveError) }
    }
}

impl fmt::Display for Arrive {
    /// As it is typed: `1.3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.per_mille) / 1000.0)
    }
}

impl Serialize for Arrive {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.per_mille) / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Arrive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer)?.to_string().parse().map_err(de::Error::custom)
    }
}

/// The pods that come for this seed: the table's in random order, then as many clones of random ones as bring the
/// demand to the target; where the table asks for more than that, random pods are left out instead. What pods held
/// before counts as demand that has come.
///
/// As the FGD paper's simulator does it (`pkg/simulator/simulator.go`, `TunePodsByNodeTotalResource`), up to what it
/// counts: it stops before a clone whose demand *of one GPU* would pass the target, so that the last clone may overshoot it.
#[must_use]
pub fn arrivals(workload: &Workload, seed: u64, arrive: Arrive) -> Vec<ClassId> {
    let target = workload.capacity_milli * u64::from(arrive.per_mille) / 1000;
    let mut draw = Draw::of(seed, Purpose::Arrivals);
    let mut pods = shuffled(workload, &mut draw);
    let mut demand = workload.held_milli + pods.iter().map(|pod| workload.class(*pod).gpu_milli).sum::<u64>();
    if demand > target {
        while demand > target && !pods.is_empty() {
            let left_out = pods.swap_remove(draw.below(pods.len()));
            demand -= workload.class(left_out).gpu_milli;
        }
        return pods;
    }
    loop {
        let clone = workload.pods[draw.below(workload.pods.len())];
        let class = workload.class(clone);
        if demand + u64::from(workload.shape(class.shape).share_milli) > target {
            return pods;
        }
        demand += class.gpu_milli;
        pods.push(clone);
    }
}

/// The table's pods in the order in which they come for this seed, no more and no fewer.
#[must_use]
pub fn in_drawn_order(workload: &Workload, seed: u64) -> Vec<ClassId> {
    shuffled(workload, &mut Draw::of(seed, Purpose::Arrivals))
}

fn shuffled(workload: &Workload, draw: &mut Draw) -> Vec<ClassId> {
    let mut pods = workload.pods.clone();
    draw.shuffle(&mut pods);
    pods
}
