//! Pages: a result as one HTML file that needs no other and no network, and no script.

use super::figure::{Figure, STYLE};
use super::markup::Element;

/// A result that people can look at.
pub trait Illustrated {
    /// Its page.
    ///
    /// # Errors
    /// Where a figure cannot be drawn.
    fn page(&self) -> std::io::Result<Page>;
}

/// What a result says with figures: the answer first, then what was asked, then what it looks like, then the numbers.
#[derive(Debug, Clone)]
pub struct Page {
    /// The command that made it.
    pub(super) command: &'static str,
    /// The answer, in a sentence.
    pub(super) answer: String,
    /// Whether the work was stopped before all was done.
    pub(super) is_partial: bool,
    /// What was asked: names and values.
    pub(super) asked: Vec<(&'static str, String)>,
    pub(super) sections: Vec<Section>,
    pub(super) table: Table,
}

/// Figures that belong together.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) title: &'static str,
    /// What it is about; may be empty.
    pub(super) text: String,
    pub(super) figures: Vec<Figure>,
}

/// Numbers.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// What it shows.
    pub(super) title: String,
    /// Of each column.
    pub(super) header: Vec<String>,
    /// The first of each is its name.
    pub(super) rows: Vec<Vec<String>>,
}

/// Nothing is fetched and no script is run, whatever is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

impl Page {
    /// One HTML file. It names the command line, so that whoever reads it can repeat it.
    #[must_use]
    pub fn to_html(&self, command_line: &str) -> String {
        let head = Element::new("head")
            .child(Element::new("meta").with("charset", "utf-8"))
            .child(Element::new("meta").with("http-equiv", "Content-Security-Policy").with("content", POLICY))
            .child(meta("viewport", "width=device-width, initial-scale=1"))
            .child(meta("generator", &format!("gpulse-sim {}", env!("CARGO_PKG_VERSION"))))
            .child(Element::of_text("title", format!("gpulse-sim {}: {}", self.command, self.answer)))
            .child(Element::of_text("style", format!("\n{}{STYLE}", include_str!("style.css"))));
        let mut body = Element::new("body").child(self.header(command_line));
        for section in &self.sections {
            body = body.child(section.draw());
        }
        let html = Element::new("html").with("lang", "en").child(head).child(body.child(self.table.draw()));
        format!("<!DOCTYPE html>\n{html}\n")
    }

    /// Each figure as a file of its own: its name and the SVG in it.
    pub fn figures(&self) -> impl Iterator<Item = (String, String)> {
        let figures = self.sections.iter().flat_map(|section| &section.figures);
        figures.map(|figure| (format!("{}.svg", figure.caption.name), figure.alone()))
    }

    fn header(&self, command_line: &str) -> Element {
        let mut header = Element::new("header")
            .child(Element::of_text("p", format!("gpulse-sim {}", self.command)).class("kind"))
            .child(Element::of_text("h1", unbroken(&self.answer)));
        if self.is_partial {
            let text = "PARTIAL: stopped before all runs were done. What follows is about those that were.";
            header = header.child(Element::of_text("p", text).class("partial").with("role", "alert"));
        }
        let mut asked = Element::new("dl");
        for (name, value) in &self.asked {
            asked = asked.child(Element::of_text("dt", *name)).child(Element::of_text("dd", value));
        }
        let command = Element::new("dd").child(Element::of_text("code", command_line));
        let version = format!("gpulse-sim {}", env!("CARGO_PKG_VERSION"));
        let asked = asked.child(Element::of_text("dt", "Command")).child(command);
        let asked = asked.child(Element::of_text("dt", "Version")).child(Element::of_text("dd", version));
        header.child(asked)
    }
}

impl Section {
    fn draw(&self) -> Element {
        let mut section = Element::new("section").child(Element::of_text("h2", self.title));
        if !self.text.is_empty() {
            section = section.child(Element::of_text("p", &self.text));
        }
        let figure = |figure: &Figure| {
            let caption = Element::new("figcaption").child(Element::of_text("strong", &figure.caption.title));
            let caption = caption.child(Element::of_text("span", &figure.caption.note));
            Element::new("figure").child(caption).child(figure.inline())
        };
        section.child(Element::new("div").class("figures").children(self.figures.iter().map(figure)))
    }
}

impl Table {
    fn draw(&self) -> Element {
        let cell = |(number, text): (usize, &String)| match number {
            0 => Element::of_text("th", text).with("scope", "row"),
            _ => Element::of_text("td", text),
        };
        let row = |cells: &Vec<String>| Element::new("tr").children(cells.iter().enumerate().map(cell));
        let header =
            self.header.iter().map(|text| Element::of_text("th", unbroken(text)).with("scope", "col"));
        let table = Element::new("table")
            .child(Element::new("thead").child(Element::new("tr").children(header)))
            .child(Element::new("tbody").children(self.rows.iter().map(row)));
        // Where it is wider than the screen, it alone moves, and by keyboard too.
        let moved = Element::new("div").class("table").with("tabindex", 0).with("role", "region");
        let moved = moved.with("aria-label", &self.title).child(table);
        Element::new("section").child(Element::of_text("h2", &self.title)).child(moved)
    }
}

/// No line ends between a number and its unit.
fn unbroken(text: &str) -> String {
    let mut unbroken = String::new();
    for character in text.chars() {
        let is_unit = character == ' ' && unbroken.ends_with(|before: char| before.is_ascii_digit());
        unbroken.push(if is_unit { '\u{a0}' } else { character });
    }
    unbroken
}

fn meta(name: &'static str, content: &str) -> Element {
    Element::new("meta").with("name", name).with("content", content)
}
