//! The Prometheus text format and OpenMetrics 1.0: families of samples, as they are written.
//!
//! Written by hand: prometheus-client ends every help text with a dot and every counter with `_total`, and dcgm-exporter
//! does neither.

use std::fmt::{self, Write as _};

use super::dialect::{Kind, Scale};

/// Which of the two formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, version 0.0.4: what dcgm-exporter writes.
    Classic,
    /// OpenMetrics 1.0.0. A counter must end in `_total` there, and dcgm-exporter's names must stay: its counters are of
    /// unknown type.
    OpenMetrics,
}

impl Format {
    /// The format that a client asks for; what does not say gets the classic one.
    #[must_use]
    pub fn accepted(accept: Option<&str>) -> Self {
        let openmetrics = |accept: &str| {
            accept.split(',').any(|part| {
                let mut words = part.split(';').map(str::trim);
                words.next() == Some("application/openmetrics-text")
                    && !words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            })
        };
        if accept.is_some_and(openmetrics) { Self::OpenMetrics } else { Self::Classic }
    }

    /// The content type of a page.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A page as it grows.
#[derive(Debug)]
pub(super) struct Text {
    format: Format,
    text: String,
}

/// A metric family: its heading is written before its first sample, so that one without samples leaves no trace.
pub(super) struct Family<'a> {
    to: &'a mut Text,
    name: &'a str,
    help: &'a str,
    kind: Kind,
    begun: bool,
}

/// Decimals of a number that is no integer: as many as dcgm-exporter prints (Go's `%f`).
const DECIMALS: usize = 6;
const DECIMAL_UNITS: u128 = 1_000_000;

impl Text {
    /// An empty page with room for about so many bytes.
    pub(super) fn new(format: Format, bytes: usize) -> Self {
        Self { format, text: String::with_capacity(bytes) }
    }

    /// Begins a family.
    pub(super) fn family<'a>(&'a mut self, name: &'a str, kind: Kind, help: &'a str) -> Family<'a> {
        Family { to: self, name, help, kind, begun: false }
    }

    /// The page.
    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

impl Family<'_> {
    fn begin(&mut self) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let (family, kind) = match (self.to.format, self.kind) {
            (_, Kind::Gauge) => (self.name, "gauge"),
            (Format::Classic, Kind::Counter) => (self.name, "counter"),
            (Format::OpenMetrics, Kind::Counter) => match self.name.strip_suffix("_total") {
                Some(family) => (family, "counter"),
                None => (self.name, "unknown"),
            },
        };
        // Writing to a string does not fail.
        let _ = writeln!(self.to.text, "# HELP {family} {}\n# TYPE {family} {kind}", self.help);
    }

    fn labels(&mut self, labels: &str, more: &[(&str, &str)]) {
        self.begin();
        let text = &mut self.to.text;
        text.push_str(self.name);
        if labels.is_empty() && more.is_empty() {
            text.push(' ');
            return;
        }
        text.push('{');
        text.push_str(labels);
        for (name, value) in more {
            if !text.ends_with('{') {
                text.push(',');
            }
            label(text, name, value);
        }
        text.push_str("} ");
    }

    /// A sample of an integer. `labels` are as [`label`] writes them.
    pub(super) fn sample(&mut self, labels: &str, more: &[(&str, &str)], value: u64) {
        self.labels(labels, more);
        let _ = writeln!(self.to.text, "{value}");
    }

    /// A sample of a figure in the metric's unit.
    pub(super) fn scaled(&mut self, labels: &str, more: &[(&str, &str)], value: u64, scale: Scale) {
        self.labels(labels, more);
        let _ = writeln!(self.to.text, "{}", Scaled(value, scale));
    }
}

/// A figure in a metric's unit.
pub(super) struct Scaled(pub(super) u64, pub(super) Scale);

impl fmt::Display for Scaled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, scale) = self;
        let (value, per) = (u128::from(*value) * u128::from(scale.times), u128::from(scale.per));
        if scale.decimals {
            let units = value * DECIMAL_UNITS / per;
            write!(f, "{}.{:0DECIMALS$}", units / DECIMAL_UNITS, units % DECIMAL_UNITS)
        } else {
            write!(f, "{}", value / per)
        }
    }
}

/// Writes a label, its value escaped as both formats want it.
pub(super) fn label(to: &mut String, name: &str, value: &str) {
    to.push_str(name);
    to.push_str("=\"");
    for character in value.chars() {
        match character {
            '\\' => to.push_str("\\\\"),
            '"' => to.push_str("\\\""),
            '\n' => to.push_str("\\n"),
            other => to.push(other),
        }
    }
    to.push('"');
}
