//! A planner's questions, answered by placing pods.
//!
//! ```text
//! Cluster, pods --(settle)--> Settled, with everybody in place --+--(copies)--> how many more of a pod fit
//!                                                                +--(loss)----> who stays homeless when nodes are lost
//!                                                                +--(shrink)--> which nodes could go
//! catalogue, Cluster, pods --(fleet)--> larger clusters --(nodes)--> which nodes to buy
//! ```
//!
//! Every answer is shown by a placement that the strategy makes, never by a sum of GPUs.

mod copies;
mod everybody;
mod fleet;
mod loss;
mod nodes;
mod patience;
mod settle;
mod shrink;

pub use copies::{Copies, copies};
pub use everybody::EverybodyPlaced;
pub use fleet::{Fleet, Offer, Purchase, shapes_of};
pub use loss::{Domain, Loss, by_label, by_node, losses};
pub use nodes::{Alone, Need, Needed, Shortfall, needed};
pub use patience::{LongestWait, ShortWaits};
pub use settle::{Homeless, Settled, settle};
pub use shrink::{Gone, Shrunk, shrink};
