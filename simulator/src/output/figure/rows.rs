//! Rows: bars, dots or ranges, one below the other on one axis.

use super::frame::Frame;
use super::label::{LINE_PX, widest_px, width_px};
use super::scale::Axis;
use super::{Caption, Figure, LINE_AXIS_PX, MARGIN_PX, WIDTH_PX, look, stroke, tip, words};
use crate::output::markup::{Element, px};

/// A row for each of some things, with its name to the left and its value to the right.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::output) struct Rows {
    pub(in crate::output) caption: Caption,
    pub(in crate::output) x: Axis,
    pub(in crate::output) rows: Vec<Row>,
    /// What the values to the right are.
    pub(in crate::output) value_title: &'static str,
    /// What marks mean: in which colour, if it tells them apart.
    pub(in crate::output) legend: Vec<(Shape, Option<usize>, String)>,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::output) struct Row {
    pub(in crate::output) name: String,
    /// What it comes to, in words.
    pub(in crate::output) value: String,
    pub(in crate::output) marks: Vec<Mark>,
}

/// Something in a row.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::output) struct Mark {
    pub(in crate::output) shape: Shape,
    pub(in crate::output) from: f64,
    pub(in crate::output) to: f64,
    /// The number of its colour.
    pub(in crate::output) look: usize,
    /// What a pointer is told.
    pub(in crate::output) tip: String,
}

/// What a mark looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::output) enum Shape {
    /// A part of a whole.
    Bar,
    /// What is left of a whole.
    Rest,
    /// From a value to another.
    Range,
    /// One of many values.
    Seed,
    /// A value.
    Dot,
    /// A value, unlike a dot.
    Diamond,
    /// A value, unlike both.
    Tick,
}

const ROW_PX: f64 = 20.0;
const BAR_PX: f64 = 12.0;
const SWATCH_PX: f64 = 16.0;
/// Room for values, so that figures whose values are short and long ones' have the same axis.
const VALUE_PX: f64 = 86.0;

impl Mark {
    /// At one value.
    pub(in crate::output) fn at(shape: Shape, value: f64, look: usize, tip: impl Into<String>) -> Self {
        Self { shape, from: value, to: value, look, tip: tip.into() }
    }

    /// From one value to another.
    pub(in crate::output) fn between(
        shape: Shape,
        ends: (f64, f64),
        look: usize,
        tip: impl Into<String>,
    ) -> Self {
        Self { shape, from: ends.0, to: ends.1, look, tip: tip.into() }
    }
}

impl Rows {
    pub(in crate::output) fn draw(&self) -> Figure {
        let (legend, top) = self.legend();
        let values = self.rows.iter().map(|row| row.value.as_str()).chain([self.value_title]);
        let values = widest_px(values).max(VALUE_PX);
        let frame = Frame {
            left: MARGIN_PX + widest_px(self.rows.iter().map(|row| row.name.as_str())) + 8.0,
            right: WIDTH_PX - MARGIN_PX - values - 10.0,
            top,
            bottom: top + ROW_PX * self.rows.len() as f64 + 4.0,
        };
        let mut drawing = legend;
        drawing.extend(frame.across(&self.x, &self.x.ticks(5)));
        for (number, row) in self.rows.iter().enumerate() {
            let y = frame.top + 2.0 + ROW_PX * (number as f64 + 0.5);
            drawing.push(words(&row.name, "end", frame.left - 8.0, y + 4.5));
            drawing.push(words(&row.value, "end", WIDTH_PX - MARGIN_PX, y + 4.5));
            let shown = row.marks.iter().filter(|mark| mark.is_shown());
            drawing.extend(shown.map(|mark| {
                let ends = (frame.x(&self.x, mark.from), frame.x(&self.x, mark.to));
                mark.shape.draw(&look(mark.look), ends, y).child(tip(&mark.tip))
            }));
        }
        drawing.push(stroke("ground", (frame.left, frame.top), (frame.left, frame.bottom)));
        let title_y = frame.bottom + LINE_AXIS_PX;
        drawing.push(words(self.value_title, "quiet end", WIDTH_PX - MARGIN_PX, title_y));
        let told: Vec<String> = self.rows.iter().map(|row| format!("{} {}", row.name, row.value)).collect();
        Figure {
            caption: self.caption.clone(),
            height_px: frame.bottom + 2.0 * LINE_AXIS_PX + MARGIN_PX,
            description: format!(
                "{}. {}: {}",
                self.caption.note.trim_end_matches('.'),
                self.value_title,
                told.join("; ")
            ),
            drawing,
        }
    }

    /// Each mark and what it means, in lines; and where they end.
    fn legend(&self) -> (Vec<Element>, f64) {
        let (mut x, mut y) = (MARGIN_PX, MARGIN_PX);
        let mut drawn = Vec::new();
        for (shape, number, text) in &self.legend {
            let wide = SWATCH_PX + 6.0 + width_px(text) + 14.0;
            if x > MARGIN_PX && x + wide > WIDTH_PX {
                (x, y) = (MARGIN_PX, y + LINE_PX);
            }
            let middle = x + SWATCH_PX / 2.0;
            let ends = if shape.is_wide() { (x, x + SWATCH_PX) } else { (middle, middle) };
            drawn.push(shape.draw(&number.map_or_else(|| "neutral".into(), look), ends, y));
            drawn.push(words(text, "", x + SWATCH_PX + 6.0, y + 4.5));
            x += wide;
        }
        (drawn, if self.legend.is_empty() { MARGIN_PX } else { y + LINE_PX })
    }
}

impl Mark {
    fn is_shown(&self) -> bool {
        !self.shape.is_wide() || self.to > self.from
    }
}

impl Shape {
    fn is_wide(self) -> bool {
        matches!(self, Self::Bar | Self::Rest | Self::Range)
    }

    /// Between the ends, around the height.
    fn draw(self, colour: &str, (left, right): (f64, f64), y: f64) -> Element {
        let rect = |class: String| {
            let rect = Element::new("rect").class(class).px("x", left).px("y", y - BAR_PX / 2.0);
            rect.px("width", right - left).px("height", BAR_PX)
        };
        let dot = |class: &str, radius: f64| {
            let dot = Element::new("circle").class(format!("{class} {colour}"));
            dot.px("cx", left).px("cy", y).px("r", radius)
        };
        match self {
            Self::Bar => rect(format!("bar {colour}")),
            Self::Rest => rect("bar rest".into()),
            Self::Range => {
                let path = format!("M{} {}H{}", px(left), px(y), px(right));
                Element::new("path").class(format!("range {colour}")).with("d", path)
            }
            Self::Seed => dot("seed", 3.0),
            Self::Dot => dot("mark", 4.0),
            Self::Diamond => {
                let path = format!("M{} {}l5 5l-5 5l-5 -5z", px(left), px(y - 5.0));
                Element::new("path").class(format!("mark {colour}")).with("d", path)
            }
            Self::Tick => {
                let path = format!("M{} {}v12", px(left), px(y - 6.0));
                Element::new("path").class(format!("tick {colour}")).with("d", path)
            }
        }
    }
}
