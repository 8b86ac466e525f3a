//! A page of metrics: the reading, joined with whose the devices are, in a dialect and a format.

use std::time::Duration;

use super::dialect::{Dialect, METRICS, Metric, Origin, xid_message};
use super::figure::Figure;
use super::text::{Format, Text};
use super::view::View;

mod own;
mod subject;

pub use own::throttle_reasons;

use subject::Subject;

/// What an operator chose of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Names and units.
    pub dialect: Dialect,
    /// The node's name, for the label that carries it; empty for no such label.
    pub node: String,
    /// What was read longer ago is not shown.
    pub show_for: Duration,
}

/// Room for one device's samples.
const BYTES_PER_DEVICE: usize = 16 << 10;

/// Writes the page. Pure: the same view gives the same bytes.
///
/// Each device has one sample of each metric; with one holder the pod's labels are on it. Where several pods share a
/// device its sample has no pod, and besides each pod has samples of its own processes, as dcgm-exporter has it: those
/// never add up to another device. What was not measured, or too long ago, has no sample.
#[must_use]
pub fn page(view: &View, layout: &Layout, format: Format) -> String {
    let subjects = subject::subjects(view, layout);
    let mut text = Text::new(format, BYTES_PER_DEVICE * (subjects.len() + 1));
    for metric in METRICS {
        shared_metric(&mut text, view, layout, &subjects, &metric);
    }
    own::metrics(&mut text, view, layout, &subjects);
    text.finish()
}

fn shared_metric(text: &mut Text, view: &View, layout: &Layout, subjects: &[Subject<'_>], metric: &Metric) {
    let Some(name) = metric.name(layout.dialect) else { return };
    let mut family = text.family(name.name, metric.kind, name.help);
    for subject in subjects.iter().filter(|subject| subject.is_fresh) {
        let figure = match metric.origin {
            Origin::Figure(figure) => figure,
            Origin::LastXid => {
                // A GPU that is cut is no device to be given to anybody: its instances have its errors.
                let is_given = subject.instance.is_some() || !subject.gpu.mig;
                let last = subject.uuid().and_then(|uuid| view.xids.last(uuid));
                if let Some(code) = last.filter(|_| is_given) {
                    let error = [("err_code", &*code.to_string()), ("err_msg", xid_message(code))];
                    family.sample(&subject.labels, &error, code);
                }
                continue;
            }
        };
        if let Some(value) = subject.figures.get(figure) {
            family.scaled(&subject.labels, &[], value, name.scale);
        }
        if matches!(figure, Figure::GpuUtilPercent | Figure::MemoryUsedBytes) {
            for share in subject.shares(view) {
                let value = if figure == Figure::GpuUtilPercent { share.percent } else { Some(share.bytes) };
                if let Some(value) = value {
                    family.scaled(&share.labels, &[], value, name.scale);
                }
            }
        }
    }
}
