//! All that a page of metrics is made of, as it was at one time.

use std::sync::Arc;

use super::attribution::Attribution;
use super::holders::HolderStatus;
use super::reading::Reading;
use super::trouble::Trouble;
use super::window::Averages;
use super::xids::Xids;
use crate::cluster::Timestamp;

/// What lies on the desk.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The time.
    pub now: Timestamp,
    /// The GPUs as read last.
    pub reading: Option<Arc<Reading>>,
    /// What keeps the whole node from being read.
    pub trouble: Option<Arc<Trouble>>,
    /// XID errors.
    pub xids: Arc<Xids>,
    /// Averages since the last scrape.
    pub averages: Averages,
    /// Whose the devices are; `None` where nobody has found out.
    pub attribution: Option<Arc<Attribution>>,
    /// What is wrong with finding that out; `None` where nobody tries.
    pub holders: Option<Arc<HolderStatus>>,
}
