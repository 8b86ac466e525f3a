//! A line's fields: those of a pod's request, and its times.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::TracePod;
use crate::cluster::PodRequest;

const CAME: &str = "cameMs";
const LIFE: &str = "lifeMs";

impl<'de> Deserialize<'de> for TracePod {
    /// Not derived: a flattened request would lose the place of its faults, and take unknown fields.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Line)
    }
}

struct Line;

impl<'de> Visitor<'de> for Line {
    type Value = TracePod;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pod as a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TracePod, A::Error> {
        let (mut came_ms, mut life_ms) = (None, None);
        let fields = Fields { map, known: &[], came_ms: &mut came_ms, life_ms: &mut life_ms };
        let request = PodRequest::deserialize(fields)?;
        Ok(TracePod { request, came_ms, life_ms })
    }
}

/// The fields of a line as those of a request: its times are put aside on the way.
struct Fields<'a, A> {
    map: A,
    /// The request's fields.
    known: &'static [&'static str],
    came_ms: &'a mut Option<u64>,
    life_ms: &'a mut Option<u64>,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(Self { known, ..self })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<Cow<'de, str>>()? {
            let time = match &*key {
                CAME => &mut *self.came_ms,
                LIFE => &mut *self.life_ms,
                name if self.known.contains(&name) => {
                    let key: CowStrDeserializer<'_, A::Error> = key.into_deserializer();
                    return seed.deserialize(key).map(Some);
                }
                name => {
                    let known = self.known.join(", ");
                    let text = format!("unknown field {name:?}, expected one of {known}, {CAME}, {LIFE}");
                    return Err(A::Error::custom(text));
                }
            };
            if time.replace(self.map.next_value()?).is_some() {
                return Err(A::Error::custom(format!("field {key:?} is there twice")));
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
