//! Fragmentation: the node that keeps most of what can still be hosted.
//!
//! A node is worth what the pods that are likely to come could do with the rest of it. Four terms, in thousandths of a
//! GPU, say what placing a pod changes:
//!
//! * **devices**: what the gaps of its devices can hold (`valuation`);
//! * **cpu**: how many GPUs its CPU can still feed (`valuation`);
//! * **slots**: room for pods of several whole GPUs, at a price that is zero while there is plenty (`market`);
//! * **models**: GPUs that some pods insist on, at a price likewise (`market`).
//!
//! What pods are likely to come is learned from those that are there ([`Mix`](crate::cluster::Mix)).

mod appraisal;
mod kind;
mod market;
mod reserve;
mod site;
mod valuation;
mod worth;

use super::{Direction, Note, Scoring, Strategy};
use crate::cluster::Node;
use crate::placement::Inquiry;

pub(in crate::placement) use appraisal::{Bill, Offer, Offers};
pub use market::Market;
pub(in crate::placement) use site::Site;
pub(in crate::placement) use worth::{Worth, better};

/// The table's line.
pub static STRATEGY: Strategy = Strategy {
    name: "fragmentation",
    summary: "the node that keeps most of what can still be hosted: gaps, CPU for them, whole slots, scarce models",
    direction: Direction::Pack,
    scoring: Scoring::Market(ratio),
};

fn ratio(inquiry: &Inquiry<'_>, node: &Node, note: &mut Note<'_>) -> f64 {
    let Some(market) = inquiry.market else { return 0.0 };
    let Some(offer) = market.best(&market.offers(node, inquiry.pod)) else { return 0.0 };
    let terms = market.terms(&offer);
    note("devices-milli-gpu", terms.devices as f64);
    note("cpu-milli-gpu", terms.cpu as f64);
    note("slots-milli-gpu", terms.slots as f64);
    note("models-milli-gpu", terms.models as f64);
    market.ratio(&offer)
}
