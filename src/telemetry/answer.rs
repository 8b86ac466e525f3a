//! Prometheus' answer, read row by row as it arrives: one row of it is held at a time.

use std::fmt;
use std::io::{BufReader, Read};

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::json::{Fields, Object};
use super::labels::Labels;

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Prometheus itself says what is wrong.
    #[error("{kind}: {message}")]
    Refused {
        /// Its kind of error.
        kind: String,
        /// Its words.
        message: String,
    },
    /// Not JSON, or not what the query API answers.
    #[error("not an answer of the query API: {0}")]
    Json(#[from] serde_json::Error),
}

/// A row of an answer.
pub(super) struct Row<'a> {
    pub(super) labels: &'a Labels,
    /// When the query was evaluated, in seconds since the epoch.
    pub(super) evaluated_at: f64,
    pub(super) value: f64,
}

/// Reads an answer to [`Plan::query`](super::query::Plan::query) and hands each row to `each`.
pub(super) fn read(answer: impl Read, labels: Labels, each: impl FnMut(Row<'_>)) -> Result<(), AnswerError> {
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(answer));
    let mut envelope = Envelope { refusal: Refusal::default(), data: Data { labels, each, found: false } };
    Object(&mut envelope).deserialize(&mut json)?;
    json.end()?;
    if envelope.refusal.status.is_empty() {
        return Err(AnswerError::Json(Error::missing_field("status")));
    }
    let success = envelope.refusal.status == "success" && envelope.data.found;
    if success { Ok(()) } else { Err(envelope.refusal.into()) }
}

/// What Prometheus says in place of an answer, if that is what the body holds.
pub(super) fn refusal(body: &[u8]) -> Option<AnswerError> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    (refusal.status != "success").then(|| refusal.into())
}

/// An answer without its data.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    status: String,
    error_type: Option<String>,
    error: Option<String>,
}

impl From<Refusal> for AnswerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            kind: refusal.error_type.unwrap_or(refusal.status),
            message: refusal.error.unwrap_or_default(),
        }
    }
}

struct Envelope<F> {
    refusal: Refusal,
    data: Data<F>,
}

impl<F: FnMut(Row<'_>)> Fields for Envelope<F> {
    const EXPECTED: &'static str = "an object with a status";

    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "status" => self.refusal.status = values.next_value()?,
            "errorType" => self.refusal.error_type = values.next_value()?,
            "error" => self.refusal.error = values.next_value()?,
            "data" => values.next_value_seed(Object(&mut self.data))?,
            _ => values.next_value::<IgnoredAny>().map(drop)?,
        }
        Ok(())
    }
}

struct Data<F> {
    labels: Labels,
    each: F,
    found: bool,
}

impl<F: FnMut(Row<'_>)> Fields for Data<F> {
    const EXPECTED: &'static str = "an object with a result";

    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        if name != "result" {
            return values.next_value::<IgnoredAny>().map(drop);
        }
        self.found = true;
        values.next_value_seed(Rows(self))
    }
}

/// Reads the rows of an answer.
struct Rows<'a, F>(&'a mut Data<F>);

impl<'de, F: FnMut(Row<'_>)> DeserializeSeed<'de> for Rows<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Row<'_>)> Visitor<'de> for Rows<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Data { labels, each, .. } = self.0;
        loop {
            labels.clear();
            let mut parts = Parts { labels, labelled: false, value: None };
            if list.next_element_seed(Object(&mut parts))?.is_none() {
                return Ok(());
            }
            let value = parts.value.filter(|_| parts.labelled);
            let (evaluated_at, Number(value)) = value.ok_or_else(|| A::Error::custom(INCOMPLETE))?;
            each(Row { labels, evaluated_at, value });
        }
    }
}

const INCOMPLETE: &str = "expected a metric and a value, found one of them at most";

/// A row under way.
struct Parts<'a> {
    labels: &'a mut Labels,
    labelled: bool,
    /// The time of evaluation (not of the sample), and the value.
    value: Option<(f64, Number)>,
}

impl Fields for Parts<'_> {
    const EXPECTED: &'static str = "an object with a metric and a value";

    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "metric" => {
                self.labelled = true;
                values.next_value_seed(Object(self.labels))
            }
            "value" => {
                self.value = Some(values.next_value()?);
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

/// A number written as a string.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number as a string")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                text.parse()
                    .map(Number)
                    .map_err(|_| E::custom(format_args!("expected a number, found {text:?}")))
            }
        }
        deserializer.deserialize_str(NumberVisitor)
    }
}
