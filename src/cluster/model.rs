//! GPU models: as nodes and devices call them, and as people do.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// A GPU model as a node's label or an exporter names it, such as `NVIDIA-A100-SXM4-40GB`.
///
/// Its words are taken apart once: a request matches thousands of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Arc<str>", into = "Arc<str>")]
pub struct Model {
    name: Arc<str>,
    words: Arc<[Word]>,
}

/// A word in lower case, by its hash: comparing numbers is quick, and 64 bits tell the few words apart that GPUs have.
type Word = u64;

impl Model {
    /// From its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Arc::<str>::from(name).into()
    }

    /// Whether the other is this very value, shared: then they are equal, and nothing needs comparing. Nodes of one
    /// snapshot share the models that their labels name.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.name, &other.name)
    }
}

impl From<Arc<str>> for Model {
    fn from(name: Arc<str>) -> Self {
        Self { words: words(&name).collect(), name }
    }
}

impl From<Model> for Arc<str> {
    fn from(model: Model) -> Self {
        model.name
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A GPU model as a person names it: `H100`, `A100-SXM4-80GB`.
///
/// Matches a model whose words contain the pattern's words in a row, whatever the case. Words end at anything but a
/// letter or digit: `A10` matches `NVIDIA-A10` and not `NVIDIA-A100-PCIE-40GB`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelPattern(Model);

impl TryFrom<String> for ModelPattern {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::new(&name).ok_or_else(|| format!("expected a GPU model such as H100, found {name:?}"))
    }
}

impl From<ModelPattern> for String {
    fn from(pattern: ModelPattern) -> Self {
        pattern.to_string()
    }
}

impl ModelPattern {
    /// From a name; `None` where it has no letter or digit.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let model = Model::new(name.trim());
        (!model.words.is_empty()).then_some(Self(model))
    }

    /// Whether `product` (a GFD product label or an exporter's model name) is of this model.
    #[must_use]
    pub fn matches(&self, product: &str) -> bool {
        self.accepts(&Model::new(product))
    }

    /// Whether `model` is of this model.
    #[must_use]
    pub fn accepts(&self, model: &Model) -> bool {
        let wanted = &self.0.words;
        // Word by word: for so few, comparing slices is mostly the call into libc.
        model.words.windows(wanted.len()).any(|run| run.iter().zip(&**wanted).all(|(a, b)| a == b))
    }
}

impl fmt::Display for ModelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn words(text: &str) -> impl Iterator<Item = Word> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| xxh3_64(word.to_ascii_lowercase().as_bytes()))
}
