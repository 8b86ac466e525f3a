//! Values that refuse what they cannot mean, so that the error names the line where it stands.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::nearest::nearest;
use crate::cluster::{ModelPattern, PerMille};
use crate::placement::{STRATEGIES, Strategy};

/// A share of a whole: a number from 0 to 1, in thousandths. The one unit for weights of utilization, targets and
/// deadbands; percentages are refused, since `0.5` and `0.5 %` look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(pub PerMille);

impl Share {
    fn from_number<E: Error>(number: f64) -> Result<Self, E> {
        let thousandths = number * 1000.0;
        let refuse = |why: &str| Err(E::custom(format!("{SHARE}, found {number}{why}")));
        match thousandths {
            _ if (1.0..=100.0).contains(&number) && number > 1.0 => {
                refuse(&format!("; {number} % is written {}", number / 100.0))
            }
            _ if !(0.0..=1000.0).contains(&thousandths) => refuse(""),
            _ if (thousandths - thousandths.round()).abs() > 1e-6 => {
                refuse("; steps below 0.001 do not count")
            }
            _ => Ok(Self(PerMille::new(thousandths.round() as u16))),
        }
    }
}

const SHARE: &str = "expected a share from 0 to 1, such as 0.5 for one half";

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0.ratio())
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Share;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a share from 0 to 1")
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Share, E> {
                Share::from_number(number)
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Share, E> {
                Share::from_number(number as f64)
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Share, E> {
                Share::from_number(number as f64)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Share, E> {
                let percent =
                    text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
                let hint = percent.map(|percent| format!("; {percent} % is written {}", percent / 100.0));
                Err(E::custom(format!("{SHARE}, found {text:?}{}", hint.unwrap_or_default())))
            }
        }
        from.deserialize_any(Number)
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0, "maximum": 1})
    }
}

/// A weight among others, of which only the proportions count: a whole number from 0 (off) to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Weight(pub u32);

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(from)?;
        match u32::try_from(number) {
            Ok(weight @ 0..=1000) => Ok(Self(weight)),
            _ => {
                let refusal = format!("expected a weight, a whole number from 0 to 1000, found {number}");
                Err(D::Error::custom(refusal))
            }
        }
    }
}

impl JsonSchema for Weight {
    fn schema_name() -> Cow<'static, str> {
        "Weight".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 0, "maximum": 1000})
    }
}

/// A strategy by its name.
#[derive(Debug, Clone, Copy)]
pub struct StrategyName(pub &'static Strategy);

impl PartialEq for StrategyName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Serialize for StrategyName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for StrategyName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Strategy::named(&name).map(Self).ok_or_else(|| {
            let known: Vec<&str> = STRATEGIES.iter().map(|strategy| strategy.name).collect();
            let hint = nearest(&name, &known).map(|near| format!("; did you mean {near}?"));
            let known = known.join(", ");
            D::Error::custom(format!(
                "unknown strategy {name:?}{} There are: {known}",
                hint.unwrap_or(".".into())
            ))
        })
    }
}

impl JsonSchema for StrategyName {
    fn schema_name() -> Cow<'static, str> {
        "StrategyName".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = STRATEGIES.iter().map(|strategy| strategy.name).collect();
        json_schema!({"type": "string", "enum": names})
    }
}

/// Declares a text that must have a form: what it is, what is expected, the test, and the schema's pattern for it.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $holds:expr, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                let holds: fn(&str) -> bool = $holds;
                match holds(&text) {
                    true => Ok(Self(text)),
                    false => Err(D::Error::custom(format!(concat!("expected ", $expected, ", found {:?}"), text))),
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern})
            }
        }
    };
}

text!(
    /// A profile's name: it stands in URLs and annotations.
    ProfileName,
    "a name of lower-case letters, digits and -, at most 63 of them, such as training",
    |text| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let ends = !text.starts_with('-') && !text.ends_with('-');
        !text.is_empty() && text.len() <= 63 && ends && text.chars().all(inner)
    },
    "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
);
text!(
    /// A GPU model as a person names it.
    ModelName,
    "a GPU model, such as H100 or A100-80GB",
    |text| ModelPattern::new(text).is_some(),
    "[A-Za-z0-9]"
);
text!(
    /// A label's key.
    LabelKey,
    "a label, such as topology.kubernetes.io/zone",
    |text| !text.is_empty() && !text.contains(char::is_whitespace),
    "^\\S+$"
);
text!(
    /// The name of an extended resource.
    ResourceName,
    "a resource with its domain, such as example.com/gpu",
    |text| text.split_once('/').is_some_and(|(domain, name)| !domain.is_empty() && !name.is_empty())
        && !text.contains(char::is_whitespace),
    "^[^/\\s]+/[^\\s]+$"
);

impl ProfileName {
    /// The name of the profile that gpulse has without configuration.
    pub(super) fn standard() -> Self {
        Self("default".into())
    }
}
