//! Figures: what a result looks like, as SVG.
//!
//! A kind of figure is a plain value that says what it shows and draws itself: [`Lines`] over a measure, [`Rows`] of
//! bars, dots or ranges below each other, a [`Heat`] map. Drawn, it is a [`Figure`], which stands on a page or alone.
//! Every figure has the same width, so that text has one size on a page; it needs no script, and its colours follow the
//! reader's light or dark mode. The same result gives the same bytes.

mod frame;
mod heat;
mod label;
mod lines;
pub(super) mod number;
mod rows;
mod scale;

use super::markup::{Element, px};

pub(super) use heat::Heat;
pub(super) use label::apart;
pub(super) use lines::{Lines, Series};
pub(super) use rows::{Mark, Row, Rows, Shape};
pub(super) use scale::Axis;

/// How wide every figure is: on a telephone its text can still be read, three stand beside each other on a wide screen.
const WIDTH_PX: f64 = 460.0;
const MARGIN_PX: f64 = 10.0;
/// From an axis to the middle of its values, and from them to its title.
const LINE_AXIS_PX: f64 = 18.0;

/// Colours, lines and letters of all figures.
pub(super) const STYLE: &str = include_str!("style.css");

/// What a figure is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Caption {
    /// What its file is called, without the ending: lower case with hyphens.
    pub(super) name: String,
    /// What it shows.
    pub(super) title: String,
    /// How to read it.
    pub(super) note: String,
}

impl Caption {
    pub(super) fn new(name: impl Into<String>, title: impl Into<String>, note: impl Into<String>) -> Self {
        Self { name: name.into(), title: title.into(), note: note.into() }
    }
}

/// A figure that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    pub(super) caption: Caption,
    height_px: f64,
    /// What it shows, for those who cannot see it.
    description: String,
    drawing: Vec<Element>,
}

impl Figure {
    /// For a page that has the caption, [`STYLE`] and a title of its own for it.
    pub(super) fn inline(&self) -> Element {
        let name = &self.caption.name;
        let described = self.described(Element::new("svg"), self.height_px);
        described.with("id", name).children(self.drawing.iter().cloned())
    }

    /// A file of its own, with the caption above it.
    pub(super) fn alone(&self) -> String {
        let wide_px = WIDTH_PX - 2.0 * MARGIN_PX;
        // The heading's letters are larger.
        let title = label::lines(&self.caption.title, wide_px * label::TEXT_PX / 17.0);
        let title = title.into_iter().map(|line| (line, "heading", 22.0));
        let note = label::lines(&self.caption.note, wide_px);
        let note = note.into_iter().map(|line| (line, "quiet", label::LINE_PX));
        let mut bottom_px = MARGIN_PX;
        let mut caption = Vec::new();
        for (line, class, height_px) in title.chain(note) {
            bottom_px += height_px;
            let text = Element::of_text("text", line).class(class);
            caption.push(text.px("x", MARGIN_PX).px("y", bottom_px - 5.0));
        }
        bottom_px += MARGIN_PX;
        let height_px = bottom_px + self.height_px;
        let sheet = Element::new("rect").class("sheet").px("width", WIDTH_PX).px("height", height_px);
        let moved = Element::new("g").with("transform", format!("translate(0 {})", px(bottom_px)));
        let svg = Element::new("svg").with("xmlns", "http://www.w3.org/2000/svg");
        let svg = self
            .described(svg.px("width", WIDTH_PX).px("height", height_px), height_px)
            .child(Element::of_text("style", format!("\n{STYLE}")))
            .child(sheet)
            .children(caption)
            .child(moved.children(self.drawing.iter().cloned()));
        format!("{svg}\n")
    }

    /// With what a reader of the screen says.
    fn described(&self, svg: Element, height_px: f64) -> Element {
        let name = &self.caption.name;
        let (title, description) = (format!("{name}-title"), format!("{name}-description"));
        svg.with("viewBox", format!("0 0 {} {}", px(WIDTH_PX), px(height_px)))
            .with("role", "img")
            .with("aria-labelledby", format!("{title} {description}"))
            .child(Element::of_text("title", &self.caption.title).with("id", title))
            .child(Element::of_text("desc", &self.description).with("id", description))
    }
}

/// The colour and the dashes of the one with this number: no two of the first 24 have both in common.
fn look(number: usize) -> String {
    match number / COLOURS % 4 {
        0 => format!("c{}", number % COLOURS),
        dashes => format!("c{} d{dashes}", number % COLOURS),
    }
}

const COLOURS: usize = 6;

/// A text at a place; its class may be empty.
fn words(text: impl Into<String>, class: &'static str, x: f64, y: f64) -> Element {
    let plain = Element::of_text("text", text).px("x", x).px("y", y);
    if class.is_empty() { plain } else { plain.class(class) }
}

/// A line from a place to another.
fn stroke(class: impl std::fmt::Display, from: (f64, f64), to: (f64, f64)) -> Element {
    let line = Element::new("line").class(class).px("x1", from.0).px("y1", from.1);
    line.px("x2", to.0).px("y2", to.1)
}

/// What is shown while a pointer rests on it.
fn tip(text: impl Into<String>) -> Element {
    Element::of_text("title", text)
}
