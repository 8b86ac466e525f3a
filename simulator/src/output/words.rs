//! Words that several reports use.

use crate::placement::Reason;

/// The reason for those who know whose it is.
pub(super) fn reason(reason: Reason) -> &'static str {
    reason.text().trim_start_matches("gpulse: ")
}
