//! Prometheus' answer, taken apart without copying it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use xxhash_rust::xxh3::Xxh3Default;

use super::query::{METRIC_LABEL, SAMPLED_LABEL};
use crate::cluster::Timestamp;

/// One value of a metric with its labels and the time it was sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<'a> {
    /// The metric's name.
    pub metric: Cow<'a, str>,
    /// Its labels.
    pub labels: Labels<'a>,
    /// Its value, as the exporter gave it.
    pub value: f64,
    /// When it was sampled, where that is known.
    pub sampled_at: Option<Timestamp>,
}

/// Label names and values, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Labels<'a> {
    /// The label's value; `None` where it is absent or empty, which Prometheus does not tell apart.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_ref()).filter(|value| !value.is_empty())
    }

    fn take(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(index).1)
    }

    fn identity(&self, metric: &str) -> Identity {
        let mut hash = Xxh3Default::new();
        let pairs = self.0.iter().flat_map(|(name, value)| [name, value]);
        for text in std::iter::once(metric).chain(pairs.map(AsRef::as_ref)) {
            hash.update(text.as_bytes());
            // No text holds this byte, so none runs into the next.
            hash.update(&[0xff]);
        }
        hash.digest128()
    }
}

impl<'a, N: Into<Cow<'a, str>>, V: Into<Cow<'a, str>>> FromIterator<(N, V)> for Labels<'a> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(labels: I) -> Self {
        let mut labels: Vec<_> =
            labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        labels.sort_unstable();
        Self(labels)
    }
}

/// What an answer holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer<'a> {
    pub(super) series: Vec<Series<'a>>,
    /// The server's clock when it answered; `None` for an answer without a row.
    pub(super) evaluated_at: Option<Timestamp>,
}

impl Answer<'_> {
    /// Brings the sample times to our clock, given by how much the server's is ahead of it.
    pub(super) fn correct(&mut self, clock_ahead_seconds: i64) {
        let behind = clock_ahead_seconds.saturating_mul(-1000);
        for sampled_at in self.series.iter_mut().filter_map(|series| series.sampled_at.as_mut()) {
            sampled_at.0 = sampled_at.0.saturating_add_signed(behind);
        }
    }
}

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    /// Prometheus itself says what is wrong.
    #[error("{kind}: {message}")]
    Refused { kind: String, message: String },
    /// Not JSON, or not what the query API answers.
    #[error("not an answer of the query API: {0}")]
    Json(#[from] serde_json::Error),
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    status: &'a str,
    #[serde(borrow)]
    data: Option<Data<'a>>,
    error_type: Option<String>,
    error: Option<String>,
}

#[derive(serde::Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    result: Rows<'a>,
}

/// The rows of an answer, sorted into values and sample times as they are read: side by side they would take several
/// times the room of the answer itself.
#[derive(Default)]
struct Rows<'a> {
    series: Vec<Series<'a>>,
    /// The sample times, by what they belong to.
    times: HashMap<Identity, f64>,
    evaluated_at: Option<Timestamp>,
}

/// Stands for a metric and its labels: a hash of 128 bits, which no two of a cluster's series share.
type Identity = u128;

impl<'a> Rows<'a> {
    fn add(&mut self, row: Row<'a>) -> Result<(), String> {
        let Row { metric: mut labels, value: (evaluated_at, Text(value)) } = row;
        self.evaluated_at = self.evaluated_at.or(timestamp(evaluated_at));
        let number = value.parse().map_err(|_| format!("expected a number, found {value:?}"))?;
        if let Some(of) = labels.take(SAMPLED_LABEL) {
            self.times.insert(labels.identity(&of), number);
        } else if let Some(metric) = labels.take("__name__").or_else(|| labels.take(METRIC_LABEL)) {
            labels.0.shrink_to_fit();
            self.series.push(Series { metric, labels, value: number, sampled_at: None });
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    metric: Labels<'a>,
    /// The time of evaluation (not of the sample), and the value as text.
    #[serde(borrow)]
    value: (f64, Text<'a>),
}

/// Reads an answer to [`Plan::query`](super::query::Plan::query): rows of values, and rows of their sample times.
pub(super) fn parse(body: &[u8]) -> Result<Answer<'_>, AnswerError> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)?;
    let Some(data) = envelope.data.filter(|_| envelope.status == "success") else {
        let kind = envelope.error_type.unwrap_or_else(|| envelope.status.to_owned());
        return Err(AnswerError::Refused { kind, message: envelope.error.unwrap_or_default() });
    };
    let Rows { mut series, times, evaluated_at } = data.result;
    for series in &mut series {
        let sampled_at = times.get(&series.labels.identity(&series.metric)).copied().and_then(timestamp);
        // A sample of the future is one of an exporter whose clock is ahead; it must not stay fresh for ever.
        series.sampled_at = sampled_at.min(evaluated_at);
    }
    Ok(Answer { series, evaluated_at })
}

/// From Prometheus' seconds since the epoch.
fn timestamp(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    (millis >= 0.0 && millis < u64::MAX as f64).then_some(Timestamp(millis as u64))
}

/// A JSON string that is borrowed unless it holds escapes.
#[derive(PartialEq, Eq)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LabelsVisitor;
        impl<'de> Visitor<'de> for LabelsVisitor {
            type Value = Labels<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of labels")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels<'de>, A::Error> {
                let mut labels = Vec::new();
                while let Some((Text(name), Text(value))) = map.next_entry()? {
                    labels.push((name, value));
                }
                labels.sort_unstable();
                Ok(Labels(labels))
            }
        }
        deserializer.deserialize_map(LabelsVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor;
        impl<'de> Visitor<'de> for RowsVisitor {
            type Value = Rows<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of series")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows<'de>, A::Error> {
                let mut rows = Rows::default();
                while let Some(row) = seq.next_element()? {
                    rows.add(row).map_err(A::Error::custom)?;
                }
                Ok(rows)
            }
        }
        deserializer.deserialize_seq(RowsVisitor)
    }
}
