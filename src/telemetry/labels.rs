//! The labels of one row at a time, as far as they are read.

use serde::de::{IgnoredAny, MapAccess};
use xxhash_rust::xxh3::Xxh3Default;

use super::json::{Fields, Text};
use super::query::{METRIC_LABEL, NAME_LABEL, Plan, SAMPLED_LABEL};

/// Stands for the labels of a series without its metric: a hash of 128 bits, which no two of a cluster's series share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity(u64, u64);

/// What a row is about: the value of a metric, or the time of its sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject<'a> {
    Value(&'a str),
    SampleTime(&'a str),
}

/// The labels that the plan reads, with the values of the row at hand. Every row is read into the same room.
#[derive(Debug)]
pub(super) struct Labels {
    /// In order.
    names: Vec<String>,
    values: Vec<String>,
    /// The places of those that name the metric.
    metric: Vec<usize>,
}

impl Labels {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut names: Vec<String> = plan.labels().map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        let naming = [NAME_LABEL, METRIC_LABEL, SAMPLED_LABEL];
        let metric = (0..names.len()).filter(|place| naming.contains(&names[*place].as_str())).collect();
        Self { values: vec![String::new(); names.len()], names, metric }
    }

    /// Makes room for the next row.
    pub(super) fn clear(&mut self) {
        self.values.iter_mut().for_each(String::clear);
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()
    }

    /// The label's value; `None` where it is absent or empty, which Prometheus does not tell apart.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.place(name).map(|place| self.values[place].as_str()).filter(|value| !value.is_empty())
    }

    /// What the row is about; `None` where it does not say.
    pub(super) fn subject(&self) -> Option<Subject<'_>> {
        let metric = || self.get(NAME_LABEL).or_else(|| self.get(METRIC_LABEL)).map(Subject::Value);
        self.get(SAMPLED_LABEL).map(Subject::SampleTime).or_else(metric)
    }

    /// The same for the value of a series and for the time of its sample.
    pub(super) fn identity(&self) -> Identity {
        let mut hash = Xxh3Default::new();
        for (place, value) in self.values.iter().enumerate() {
            if !self.metric.contains(&place) {
                hash.update(value.as_bytes());
                // No text holds this byte, so none runs into the next.
                hash.update(&[0xff]);
            }
        }
        let hash = hash.digest128();
        Identity((hash >> 64) as u64, hash as u64)
    }
}

impl Fields for Labels {
    const EXPECTED: &'static str = "an object of labels";

    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match self.place(name) {
            Some(place) => values.next_value_seed(Text(&mut self.values[place])),
            None => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}
