//! Which nodes to buy.

use std::fmt;
use std::io::{Result, Write};
use std::time::Duration;

use serde::Serialize;

use super::count;
use crate::cluster::Period;
use crate::input::Price;
use crate::output::head::seeds;
use crate::output::{Document, ExperimentHead, grid};
use crate::placement::Strategy;
use crate::plan::{Alone, Fleet, LongestWait, Needed, Purchase};
use crate::run::Size;

/// What is wanted of a larger cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// That every pod finds a place.
    EverybodyPlaced,
    /// That nobody waits too long.
    ShortWaits {
        /// How long 95 of a hundred pods of each size may wait.
        p95: Period,
    },
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EverybodyPlaced => f.write_str("every pod finds a place"),
            Self::ShortWaits { p95 } => write!(f, "95 % of the pods of each size wait {p95} at most"),
        }
    }
}

/// The longest wait as things stand, in words.
#[must_use]
pub fn waits(longest: Option<LongestWait>) -> String {
    let Some(LongestWait { size, p95_ms }) = longest else { return "nobody comes as things stand".into() };
    let whose = match size {
        Size::Cpu => "pods without GPUs".to_owned(),
        Size::Share => "pods with a share of a GPU".to_owned(),
        Size::Gpus(gpus) => format!("pods with {}", count(gpus.into(), "GPU")),
    };
    // Whole seconds: nobody plans by less.
    let wait = Period(Duration::from_secs(p95_ms.div_ceil(1000)));
    format!("as things stand, {whose} wait longest: {wait}")
}

/// What was found for a strategy.
#[derive(Debug, Clone)]
pub struct StrategyNeed {
    /// Which.
    pub strategy: &'static Strategy,
    /// How it is as things stand.
    pub now: String,
    /// What to buy.
    pub found: Needed,
}

/// The result of `gpulse-sim plan nodes`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodesReport {
    /// Which program made it, on which cluster and pods.
    #[serde(flatten)]
    pub head: ExperimentHead,
    /// What is wanted.
    pub goal: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Whether the catalogue has prices.
    pub priced: bool,
    /// Whether it was stopped before all was tried.
    pub partial: bool,
    /// By strategy.
    pub strategies: Vec<StrategyNeedReport>,
}

/// What to buy under a strategy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StrategyNeedReport {
    /// Its name.
    pub name: &'static str,
    /// How it is as things stand.
    pub now: String,
    /// Each shape by itself.
    pub offers: Vec<OfferReport>,
    /// The cheapest purchase that is enough, or without prices the one with the fewest GPUs; none where none was found.
    pub cheapest: Option<PurchaseReport>,
    /// How many clusters were tried.
    pub tried: usize,
}

/// A shape by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferReport {
    /// Its name.
    pub name: String,
    /// How many nodes are enough; none where no number is, or where it was not tried to the end.
    pub nodes: Option<u32>,
    /// Whether it was tried to the end.
    pub tried: bool,
    /// Their GPUs.
    pub gpus: Option<u64>,
    /// Their price; none where the catalogue has no prices.
    pub price: Option<String>,
}

/// A purchase.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PurchaseReport {
    /// Nodes by shape; shapes that are not bought are left out.
    pub nodes: Vec<(String, u32)>,
    /// Their GPUs.
    pub gpus: u64,
    /// Their price; none where the catalogue has no prices.
    pub price: Option<String>,
    /// What decides which is the cheapest: the price in ten-thousandths, or the GPUs.
    pub cost: u64,
}

impl NodesReport {
    /// Of what was found for each strategy.
    #[must_use]
    pub fn of(fleet: &Fleet, goal: Goal, seeds: &[u64], needs: &[StrategyNeed]) -> Self {
        Self {
            head: ExperimentHead::of("plan nodes", fleet.standing(), None),
            goal: goal.to_string(),
            seeds: seeds.to_vec(),
            priced: fleet.is_priced(),
            partial: needs.iter().any(|need| need.found.partial),
            strategies: needs.iter().map(|need| StrategyNeedReport::of(fleet, need)).collect(),
        }
    }

    /// Whether something was found that is enough, under every strategy.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        !self.partial && self.strategies.iter().all(|strategy| strategy.cheapest.is_some())
    }

    /// The answer.
    #[must_use]
    pub fn sentence(&self) -> String {
        let solved =
            self.strategies.iter().filter_map(|strategy| Some((strategy, strategy.cheapest.as_ref()?)));
        let Some((best, purchase)) = solved.clone().min_by_key(|(_, purchase)| purchase.cost) else {
            return format!("Nothing was found that can be bought so that {}.", self.goal);
        };
        let first = if purchase.nodes.is_empty() {
            format!("Nothing need be bought: under {} {}.", best.name, self.goal)
        } else {
            format!("Buy {}: then under {} {} ({}).", purchase.words(), best.name, self.goal, best.now)
        };
        let others = solved.filter(|(strategy, _)| strategy.name != best.name).map(|(strategy, purchase)| {
            format!(
                " {} needs {}.",
                strategy.name,
                if purchase.nodes.is_empty() { "nothing".into() } else { purchase.words() }
            )
        });
        let unsolved = self.strategies.iter().filter(|strategy| strategy.cheapest.is_none());
        let unsolved = unsolved.map(|strategy| format!(" For {} nothing was found.", strategy.name));
        std::iter::once(first).chain(others).chain(unsolved).collect()
    }
}

impl StrategyNeedReport {
    fn of(fleet: &Fleet, need: &StrategyNeed) -> Self {
        let offers = fleet.offers().iter().zip(&need.found.alone).map(|(offer, alone)| {
            let nodes = if let Alone::Nodes(nodes) = alone { Some(*nodes) } else { None };
            OfferReport {
                name: offer.shape.name.to_string(),
                nodes,
                tried: *alone != Alone::Untried,
                gpus: nodes.map(|nodes| u64::from(nodes) * u64::from(offer.shape.gpus)),
                price: nodes
                    .and_then(|nodes| Some(Price(offer.shape.price?.0 * u64::from(nodes)).to_string())),
            }
        });
        Self {
            name: need.strategy.name,
            now: need.now.clone(),
            offers: offers.collect(),
            cheapest: need.found.cheapest.as_ref().map(|purchase| PurchaseReport::of(fleet, purchase)),
            tried: need.found.tried,
        }
    }
}

impl PurchaseReport {
    fn of(fleet: &Fleet, purchase: &Purchase) -> Self {
        let bought = || fleet.offers().iter().zip(&purchase.0).filter(|(_, nodes)| **nodes > 0);
        let gpus = bought().map(|(offer, nodes)| u64::from(offer.shape.gpus) * u64::from(*nodes));
        let cost = fleet.cost(purchase);
        Self {
            nodes: bought().map(|(offer, nodes)| (offer.shape.name.to_string(), *nodes)).collect(),
            gpus: gpus.sum(),
            price: fleet.is_priced().then(|| Price(cost).to_string()),
            cost,
        }
    }

    /// In a few words.
    fn words(&self) -> String {
        let nodes: Vec<String> = self.nodes.iter().map(|(name, nodes)| format!("{nodes} {name}")).collect();
        let price = self.price.as_ref().map_or_else(String::new, |price| format!(", for {price}"));
        format!("{} ({}{price})", nodes.join(" and "), count(self.gpus, "GPU"))
    }
}

impl Document for NodesReport {
    fn to_text(&self) -> String {
        let partial = if self.partial {
            "PARTIAL: stopped before all was tried; something cheaper may do.\n"
        } else {
            ""
        };
        let mut text =
            format!("{partial}{}\n\n{} {}.\n", self.sentence(), self.head.sentence(), seeds(&self.seeds));
        for strategy in &self.strategies {
            text +=
                &format!("\n{}, nodes that are enough ({} clusters tried):\n", strategy.name, strategy.tried);
            let header =
                ["nodes", "GPUs"].into_iter().chain(self.priced.then_some("price")).map(str::to_owned);
            let cells = |nodes: String, gpus: String, price: &Option<String>| {
                let price = self.priced.then(|| price.clone().unwrap_or_else(|| "-".into()));
                [nodes, gpus].into_iter().chain(price).collect::<Vec<_>>()
            };
            let offer = |offer: &OfferReport| {
                let never = if offer.tried { "never enough" } else { "not tried" };
                let nodes = offer.nodes.map_or_else(|| never.into(), |nodes| nodes.to_string());
                cells(nodes, offer.gpus.map_or_else(|| "-".into(), |gpus| gpus.to_string()), &offer.price)
            };
            let alone = strategy.offers.iter().map(|row| (format!("{} alone", row.name), offer(row)));
            let cheapest = strategy.cheapest.iter().map(|purchase| {
                let nodes: u32 = purchase.nodes.iter().map(|(_, nodes)| nodes).sum();
                (
                    if self.priced { "the cheapest found" } else { "the fewest GPUs" }.to_owned(),
                    cells(nodes.to_string(), purchase.gpus.to_string(), &purchase.price),
                )
            });
            let rows: Vec<(String, Vec<String>)> = alone.chain(cheapest).collect();
            text += &grid::named(
                "bought",
                header,
                rows.iter().map(|(name, cells)| (name.as_str(), cells.clone())),
            );
        }
        text
    }

    /// A line for each strategy and shape alone, and for each shape of the cheapest purchase.
    fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut csv = csv::Writer::from_writer(to);
        csv.write_record(["strategy", "purchase", "shape", "nodes"])?;
        for strategy in &self.strategies {
            for offer in &strategy.offers {
                let nodes = offer.nodes.map_or_else(String::new, |nodes| nodes.to_string());
                csv.write_record([strategy.name, "alone", &offer.name, &nodes])?;
            }
            for (name, nodes) in strategy.cheapest.iter().flat_map(|purchase| &purchase.nodes) {
                csv.write_record([strategy.name, "cheapest", name, &nodes.to_string()])?;
            }
        }
        csv.flush()
    }
}
