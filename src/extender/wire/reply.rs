//! `ExtenderFilterResult` and `HostPriorityList`, each written into one buffer of the right size.
//!
//! By hand, since these are hot (5,000 names, 290 kB): a name that needs no escape is copied in one piece. What comes
//! out is what serde_json would write, byte for byte.

use super::NodeObject;
use crate::placement::{Candidate, Ranked, Verdict};

/// What a candidate takes up beside its name: in a list of names, in a map of reasons, and with a score.
const LISTED_BYTES: usize = r#""","#.len();
const REFUSED_BYTES: usize = 64;
const RANKED_BYTES: usize = r#"{"Host":"","Score":10},"#.len();
/// The keys of an `ExtenderFilterResult`.
const FRAME_BYTES: usize = 160;

/// An `ExtenderFilterResult`: the candidates that fit, and why the others do not.
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
            separated(&mut to, kept(), |to, candidate| push_string(to, candidate.name));
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
        push_string(to, name);
        to.push(b':');
        push_string(to, text);
    });
    to.extend_from_slice(br#"},"Error":""}"#);
    to
}

/// A `HostPriorityList`: every candidate with its points.
#[must_use]
pub fn prioritize_reply(candidates: &[Candidate<'_>], ranked: &[Ranked]) -> Vec<u8> {
    let bytes = candidates.iter().fold(LISTED_BYTES, |sum, one| sum + one.name.len() + RANKED_BYTES);
    let mut to = Vec::with_capacity(bytes);
    to.push(b'[');
    separated(&mut to, candidates.iter().zip(ranked), |to, (candidate, ranked)| {
        to.extend_from_slice(br#"{"Host":"#);
        push_string(to, candidate.name);
        match SCORES.get(usize::from(ranked.points)) {
            Some(score) => to.extend_from_slice(score),
            None => to.extend_from_slice(format!(r#","Score":{}}}"#, ranked.points).as_bytes()),
        }
    });
    to.push(b']');
    to
}

/// The ends of entries, by points.
const SCORES: [&[u8]; 11] = [
    br#","Score":0}"#,
    br#","Score":1}"#,
    br#","Score":2}"#,
    br#","Score":3}"#,
    br#","Score":4}"#,
    br#","Score":5}"#,
    br#","Score":6}"#,
    br#","Score":7}"#,
    br#","Score":8}"#,
    br#","Score":9}"#,
    br#","Score":10}"#,
];

/// An object with `Error` and nothing else: as an answer to filter it fails the pod's attempt with this text; as an
/// answer to prioritize it is no list, so kube-scheduler goes on without our scores.
#[must_use]
pub fn error_reply(text: &str) -> Vec<u8> {
    let mut to = Vec::with_capacity(text.len() + 16);
    to.extend_from_slice(br#"{"Error":"#);
    push_string(&mut to, text);
    to.push(b'}');
    to
}

fn separated<T>(to: &mut Vec<u8>, items: impl Iterator<Item = T>, mut push: impl FnMut(&mut Vec<u8>, T)) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            to.push(b',');
        }
        push(to, item);
    }
}

fn push_string(to: &mut Vec<u8>, text: &str) {
    to.push(b'"');
    match is_plain(text.as_bytes()) {
        true => to.extend_from_slice(text.as_bytes()),
        false => text.bytes().for_each(|byte| push_escaped(to, byte)),
    }
    to.push(b'"');
}

/// Whether nothing in the text needs an escape: sixteen bytes at a time, which is what vector instructions compare;
/// the last sixteen overlap those before them.
fn is_plain(text: &[u8]) -> bool {
    const BLOCK: usize = 16;
    let escaped = |byte: &u8| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    let Some(last) = text.last_chunk::<BLOCK>() else { return !text.iter().any(escaped) };
    let blocks = text.as_chunks::<BLOCK>().0.iter().chain([last]);
    !blocks.fold(false, |found, block| found | block.iter().fold(false, |found, byte| found | escaped(byte)))
}

/// One byte of a JSON string (RFC 8259, section 7).
fn push_escaped(to: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x00..0x20 => {
            let [high, low] = [byte >> 4, byte & 0xf].map(|digit| HEX[usize::from(digit)]);
            return to.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
        plain => return to.push(plain),
    };
    to.extend_from_slice(&[b'\\', short]);
}
