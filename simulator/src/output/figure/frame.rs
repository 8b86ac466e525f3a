//! The part of a figure in which values have places.

use super::label::width_px;
use super::scale::{Axis, Tick};
use super::{LINE_AXIS_PX, stroke, words};
use crate::output::markup::Element;

/// Its edges, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) fn x(&self, axis: &Axis, value: f64) -> f64 {
        axis.place(value, self.left, self.right)
    }

    pub(super) fn y(&self, axis: &Axis, value: f64) -> f64 {
        axis.place(value, self.bottom, self.top)
    }

    /// Upright lines with their values below, where there is room for them, and the title below them.
    pub(super) fn across(&self, axis: &Axis, ticks: &[Tick]) -> Vec<Element> {
        let (mut drawn, mut free) = (Vec::new(), 0.0);
        for tick in ticks {
            let (x, half) = (self.x(axis, tick.value), width_px(&tick.text) / 2.0);
            drawn.push(stroke("grid", (x, self.top), (x, self.bottom)));
            if x - half >= free {
                drawn.push(words(&tick.text, "quiet middle", x, self.bottom + LINE_AXIS_PX));
                free = x + half + 4.0;
            }
        }
        drawn.push(words(&axis.title, "quiet end", self.right, self.bottom + 2.0 * LINE_AXIS_PX));
        drawn
    }

    /// Level lines with their values to the left, and the title above them.
    pub(super) fn upwards(&self, axis: &Axis, ticks: &[Tick]) -> Vec<Element> {
        let mut drawn = vec![words(&axis.title, "quiet", super::MARGIN_PX, self.top - 12.0)];
        for tick in ticks {
            let y = self.y(axis, tick.value);
            drawn.push(stroke("grid", (self.left, y), (self.right, y)));
            drawn.push(words(&tick.text, "quiet end", self.left - 6.0, y + 4.5));
        }
        drawn
    }
}
