//! `ExtenderArgs`, read without copying the nodes' names or objects.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::names;
use crate::cluster::kubernetes::Pod;

/// A request to filter or prioritize.
#[derive(Debug)]
pub struct Arguments<'a> {
    /// The pod to place.
    pub pod: Pod,
    /// The nodes to judge.
    pub asked: Asked<'a>,
}

/// The nodes of a request, in its order.
#[derive(Debug)]
pub enum Asked<'a> {
    /// `NodeNames`: the scheduler trusts us to know the nodes (nodeCacheCapable: true).
    Names(Vec<NodeName<'a>>),
    /// `Nodes`: the nodes themselves (nodeCacheCapable: false).
    Objects(Vec<NodeObject<'a>>),
}

/// A node's name as it is written in the request, between the quotes.
///
/// It is not unescaped, and replies repeat it as it is. No node is missed by that: their names are DNS subdomains
/// (RFC 1123), in which nothing needs an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeName<'a>(pub &'a str);

impl AsRef<str> for NodeName<'_> {
    fn as_ref(&self) -> &str {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for NodeName<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(from)?.get();
        match json.strip_prefix('"').and_then(|json| json.strip_suffix('"')) {
            Some(written) => Ok(Self(written)),
            None => Err(de::Error::custom(format_args!("expected a name in quotes, found {json}"))),
        }
    }
}

/// A node as the request carries it.
#[derive(Debug)]
pub struct NodeObject<'a> {
    /// Its name.
    pub name: NodeName<'a>,
    /// The object as sent.
    pub raw: &'a RawValue,
}

/// Why a body is not a request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There is none.
    #[error("the body is empty; expected ExtenderArgs as JSON: {{\"Pod\": {{...}}, \"NodeNames\": [...]}}")]
    Empty,
    /// Not text.
    #[error("the body is not ExtenderArgs: expected JSON in UTF-8, found {0}")]
    Encoding(#[from] std::str::Utf8Error),
    /// Not JSON, cut short, or of another shape.
    #[error("the body is not ExtenderArgs: {0}")]
    Json(#[from] serde_json::Error),
    /// `Pod` is absent or null.
    #[error("the body is not ExtenderArgs: expected a Pod, found none")]
    NoPod,
    /// Neither kind of node list is there.
    #[error("Nodes and NodeNames are both null; expected one of them")]
    NoNodes,
    /// An element of `Nodes` is not a node.
    #[error("Nodes.items[{index}] is not a node: {source}")]
    Node {
        /// Its place in the list.
        index: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl<'a> Arguments<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// Says what is missing, misspelt or cut short, and where.
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(RequestError::Empty);
        }
        // Checked once as a whole, so that serde_json need not check each of thousands of names.
        let body = std::str::from_utf8(body)?;
        if let Some((rest, names)) = names::take_off(body)
            && let Ok(Document { pod: Some(pod), .. }) = serde_json::from_str(&rest)
        {
            return Ok(Self { pod, asked: Asked::Names(names) });
        }
        let Document { pod, nodes, node_names } = serde_json::from_str(body)?;
        let pod = pod.ok_or(RequestError::NoPod)?;
        let asked = match (node_names, nodes) {
            (Some(names), _) => Asked::Names(names),
            (None, Some(list)) => Asked::Objects(list.objects()?),
            (None, None) => return Err(RequestError::NoNodes),
        };
        Ok(Self { pod, asked })
    }
}

/// The three keys, each of which may be null.
#[derive(Default)]
struct Document<'a> {
    pod: Option<Pod>,
    nodes: Option<NodeList<'a>>,
    node_names: Option<Vec<NodeName<'a>>>,
}

/// A key: borrowed from the body unless it was written with escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

const KEYS: [&str; 3] = ["Pod", "Nodes", "NodeNames"];

impl<'de> Deserialize<'de> for Document<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Document<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with Pod and Nodes or NodeNames")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document<'de>, A::Error> {
                let mut document = Document::default();
                while let Some(Key(key)) = map.next_key()? {
                    match &*key {
                        "Pod" => document.pod = map.next_value()?,
                        "Nodes" => document.nodes = map.next_value()?,
                        "NodeNames" => document.node_names = map.next_value()?,
                        other => {
                            refuse_misspelt(other)?;
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(document)
            }
        }
        from.deserialize_map(Keys)
    }
}

/// A newer scheduler may send keys that are not known yet; a key in the wrong case is a client that would be
/// answered with defaults.
fn refuse_misspelt<E: de::Error>(key: &str) -> Result<(), E> {
    let plain = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    match KEYS.iter().find(|known| plain(key) == plain(known)) {
        Some(known) => Err(E::custom(format_args!("expected key {known}, found {key}"))),
        None => Ok(()),
    }
}

/// `NodeList`, its items unread.
#[derive(Deserialize)]
struct NodeList<'a> {
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

impl<'a> NodeList<'a> {
    fn objects(self) -> Result<Vec<NodeObject<'a>>, RequestError> {
        let read = |(index, raw): (usize, &'a RawValue)| {
            let named: Named<'a> =
                serde_json::from_str(raw.get()).map_err(|source| RequestError::Node { index, source })?;
            Ok(NodeObject { name: named.metadata.name, raw })
        };
        self.items.unwrap_or_default().into_iter().enumerate().map(read).collect()
    }
}

/// As much of a node as it takes to look it up.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    metadata: NamedMetadata<'a>,
}

#[derive(Deserialize)]
struct NamedMetadata<'a> {
    #[serde(borrow)]
    name: NodeName<'a>,
}
