//! `ExtenderFilterResult` and `HostPriorityList`, each written into one buffer of the right size.
//!
//! By hand, since these are hot (5,000 names, 290 kB): names are copied as the request wrote them. What comes out is
//! what serde_json would write, byte for byte.

use serde_json::json;

use super::NodeObject;
use crate::placement::{Candidate, Ranked, Verdict};

/// What a candidate takes up beside its name: in a list of names, in a map of reasons, and with a score.
const LISTED_BYTES: usize = r#""","#.len();
const REFUSED_BYTES: usize = 64;
const RANKED_BYTES: usize = r#"{"Host":"","Score":10},"#.len();
/// The keys of an `ExtenderFilterResult`.
const FRAME_BYTES: usize = 160;

/// An `ExtenderFilterResult`: the candidates that fit, and why the others do not. Their names are as the request wrote
/// them.
///
/// Refusals go to `FailedAndUnresolvableNodes`: evicting pods would not make kube-scheduler's own plugins see the node
/// differently, and `FailedNodes` would have preemption try (it logs an error at each attempt). `objects` are the
/// nodes as the request carried them; without them the reply lists names.
#[must_use]
pub fn filter_reply(
    candidates: &[Candidate<'_>],
    verdicts: &[Verdict],
    objects: Option<&[NodeObject<'_>]>,
) -> Vec<u8> {
    let judged = || candidates.iter().zip(verdicts);
    let kept = || judged().filter(|(_, verdict)| **verdict == Verdict::Fits).map(|(candidate, _)| candidate);
    let listed = |bytes: usize, candidate: &Candidate<'_>| bytes + candidate.name.len() + REFUSED_BYTES;
    let raw_bytes: usize = objects.map_or(0, |all| all.iter().map(|object| object.raw.get().len()).sum());
    let mut to = Vec::with_capacity(candidates.iter().fold(FRAME_BYTES + raw_bytes, listed));
    match objects {
        None => {
            to.extend_from_slice(br#"{"Nodes":null,"NodeNames":["#);
            separated(&mut to, kept(), |to, candidate| push_quoted(to, candidate.name));
            to.push(b']');
        }
        Some(objects) => {
            to.extend_from_slice(br#"{"Nodes":{"metadata":{},"items":["#);
            let fitting = objects.iter().zip(verdicts).filter(|(_, verdict)| **verdict == Verdict::Fits);
            separated(&mut to, fitting, |to, (object, _)| to.extend_from_slice(object.raw.get().as_bytes()));
            to.extend_from_slice(br#"]},"NodeNames":null"#);
        }
    }
    to.extend_from_slice(br#","FailedNodes":null,"FailedAndUnresolvableNodes":{"#);
    let refused = judged().filter_map(|(candidate, verdict)| match verdict {
        Verdict::Fits => None,
        Verdict::Rejected(reason) => Some((candidate.name, reason.text())),
    });
    separated(&mut to, refused, |to, (name, text)| {
        push_quoted(to, name);
        to.push(b':');
        push_quoted(to, text);
    });
    to.extend_from_slice(br#"},"Error":""}"#);
    to
}

/// A `HostPriorityList`: every candidate, its name as the request wrote it, with its points.
#[must_use]
pub fn prioritize_reply(candidates: &[Candidate<'_>], ranked: &[Ranked]) -> Vec<u8> {
    let bytes = candidates.iter().fold(LISTED_BYTES, |sum, one| sum + one.name.len() + RANKED_BYTES);
    let mut to = Vec::with_capacity(bytes);
    to.push(b'[');
    separated(&mut to, candidates.iter().zip(ranked), |to, (candidate, ranked)| {
        to.extend_from_slice(br#"{"Host":""#);
        to.extend_from_slice(candidate.name.as_bytes());
        match SCORES.get(usize::from(ranked.points)) {
            Some(score) => to.extend_from_slice(score),
            None => to.extend_from_slice(format!(r#"","Score":{}}}"#, ranked.points).as_bytes()),
        }
    });
    to.push(b']');
    to
}

/// The ends of entries, by points.
const SCORES: [&[u8]; 11] = [
    br#"","Score":0}"#,
    br#"","Score":1}"#,
    br#"","Score":2}"#,
    br#"","Score":3}"#,
    br#"","Score":4}"#,
    br#"","Score":5}"#,
    br#"","Score":6}"#,
    br#"","Score":7}"#,
    br#"","Score":8}"#,
    br#"","Score":9}"#,
    br#"","Score":10}"#,
];

/// An object with `Error` and nothing else: as an answer to filter it fails the pod's attempt with this text; as an
/// answer to prioritize it is no list, so kube-scheduler goes on without our scores.
#[must_use]
pub fn error_reply(text: &str) -> Vec<u8> {
    json!({ "Error": text }).to_string().into()
}

fn separated<T>(to: &mut Vec<u8>, items: impl Iterator<Item = T>, mut push: impl FnMut(&mut Vec<u8>, T)) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            to.push(b',');
        }
        push(to, item);
    }
}

/// A text in which nothing needs an escape, or everything has it already.
fn push_quoted(to: &mut Vec<u8>, text: &str) {
    to.push(b'"');
    to.extend_from_slice(text.as_bytes());
    to.push(b'"');
}
