//! Pods that no amount of waiting helps.

use crate::placement::{Profile, Reason, Verdict, filter};
use crate::policy::candidates;
use crate::workload::Workload;

/// By class, why its pods fit no node of the empty cluster: the refusal of the node that comes closest, which is the
/// last in the order of [`Reason::ALL`]. `None` for those that fit.
pub(super) fn hopeless(workload: &Workload) -> Vec<Option<Reason>> {
    let profile = Profile::standard("hopeless");
    let candidates: Vec<_> = candidates(&workload.snapshot, &workload.slots).collect();
    let nearest = |verdicts: Vec<Verdict>| {
        let refusals = verdicts.into_iter().map(|verdict| match verdict {
            Verdict::Rejected(reason) => Some(reason),
            Verdict::Fits => None,
        });
        refusals.collect::<Option<Vec<Reason>>>()?.into_iter().max()
    };
    let classes = workload.classes.iter();
    classes.map(|class| nearest(filter(&workload.snapshot, &class.request, &profile, &candidates))).collect()
}
