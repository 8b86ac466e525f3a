//! The names of a request, found without reading JSON token by token: 5,000 of them are most of the body.

use memchr::{memchr, memmem};

use super::NodeName;

const KEY: &str = r#","NodeNames":["#;
const END: &str = "]}";

/// Takes the names off a body as Go's encoder writes one, `{"Pod":{...},"Nodes":null,"NodeNames":["a","b"]}`, and
/// returns them with the object that is left.
///
/// `None` for any other spelling, for no names at all, and where a name has an escape: then the body must be read as any JSON. That the
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
    let mut rest = list.strip_prefix('"')?;
    loop {
        let end = memchr(b'"', rest.as_bytes())?;
        names.push(NodeName(&rest[..end]));
        match &rest[end + 1..] {
            "" => return Some(names),
            more => rest = more.strip_prefix(",\"")?,
        }
    }
}
