//! The names of a request, found without reading JSON token by token: 5,000 of them are most of the body.

use memchr::{memchr_iter, memmem};

use super::NodeName;

const KEY: &str = r#","NodeNames":["#;
const END: &str = "]}";

/// Takes the names off a body as Go's encoder writes one, `{"Pod":{...},"Nodes":null,"NodeNames":["a","b"]}`, and
/// returns them with the object that is left.
///
/// `None` for any other spelling, and where a name has an escape: then the body must be read as any JSON. That the
/// object that is left is one, and so the list was not part of something else, is for the caller to see.
pub(super) fn take_off(body: &str) -> Option<(String, Vec<NodeName<'_>>)> {
    let start = memmem::find(body.as_bytes(), KEY.as_bytes())?;
    let list = body[start + KEY.len()..].strip_suffix(END)?;
    // Not `any`, which would stop at the first and so look at the bytes one by one.
    let odd = list.bytes().fold(false, |odd, byte| odd | (byte < 0x20) | (byte == b'\\'));
    let names = if odd { None } else { separated(list) }?;
    Some(([&body[..start], "}"].concat(), names))
}

/// The names of a list `"a","b"` without escapes.
fn separated(list: &str) -> Option<Vec<NodeName<'_>>> {
    const USUAL_BYTES: usize = 24;
    let mut names = Vec::with_capacity(list.len() / USUAL_BYTES);
    let mut quotes = memchr_iter(b'"', list.as_bytes());
    let mut expected = 0;
    while let Some(open) = quotes.next() {
        let close = quotes.next()?;
        if open != expected {
            return None;
        }
        names.push(NodeName(list[open + 1..close].into()));
        match list.as_bytes().get(close + 1) {
            None => return Some(names),
            Some(b',') => expected = close + 2,
            Some(_) => return None,
        }
    }
    list.is_empty().then_some(names)
}
