//! Generations of dcgm-exporter's names, and what each metric is called in them.

mod table;
mod xid;

use std::fmt;
use std::str::FromStr;

use super::figure::{Figure, Figures};
use super::text::Scaled;

pub(super) use table::METRICS;
pub use xid::xid_message;

/// A generation of dcgm-exporter's names, units and labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Up to 4.8: percent, MiB and MHz; the label `Hostname`, which is `hostname` from 4.8.3 on.
    #[default]
    Dcgm48,
    /// From 4.9 on: ratios, bytes and hertz; the label `hostname`.
    Dcgm49,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Dcgm48, Self::Dcgm49];

    /// The label that carries the node's name.
    #[must_use]
    pub fn node_label(self) -> &'static str {
        match self {
            Self::Dcgm48 => "Hostname",
            Self::Dcgm49 => "hostname",
        }
    }

    /// The label that carries the driver's version.
    #[must_use]
    pub fn driver_label(self) -> &'static str {
        match self {
            Self::Dcgm48 => "DCGM_FI_DRIVER_VERSION",
            Self::Dcgm49 => "DCGM_FI_SYSTEM_DRIVER_VERSION",
        }
    }
}

impl fmt::Display for Dialect {
    /// As the telemetry's configuration names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dcgm48 => "dcgm-4.8",
            Self::Dcgm49 => "dcgm-4.9",
        })
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.to_string() == text)
            .ok_or_else(|| format!("expected dcgm-4.8 or dcgm-4.9, found {text:?}"))
    }
}

/// What a device measures, for a person: the help text of the metric, which says the unit, and the value. In the names of
/// 4.8, whose units (%, MiB, MHz) people read more easily.
pub fn described(figures: &Figures) -> impl Iterator<Item = (&'static str, String)> {
    METRICS.iter().filter_map(|metric| {
        let Origin::Figure(figure) = metric.origin else { return None };
        let name = metric.name(Dialect::Dcgm48)?;
        let value = Scaled(figures.get(figure)?, name.scale).to_string();
        let value = if name.scale.decimals {
            value.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            value
        };
        Some((name.help, value))
    })
}

/// A Prometheus type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gauge,
    Counter,
}

/// Where a metric's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Figure(Figure),
    /// The code of the last XID error.
    LastXid,
}

/// One of dcgm-exporter's metrics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metric {
    pub(super) origin: Origin,
    pub(super) kind: Kind,
    old: Option<Name>,
    new: Option<Name>,
}

/// What a metric is called in one dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) scale: Scale,
}

/// From a figure's unit to a metric's, in integers: times, then per.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) times: u64,
    pub(super) per: u64,
    /// DCGM has integers and floating-point numbers; the exporter prints the latter with six decimals.
    pub(super) decimals: bool,
}

impl Metric {
    pub(super) fn name(&self, dialect: Dialect) -> Option<Name> {
        match dialect {
            Dialect::Dcgm48 => self.old,
            Dialect::Dcgm49 => self.new,
        }
    }
}
