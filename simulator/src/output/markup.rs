//! Markup as a tree, written out escaped and indented: what figures (SVG) and pages (HTML) are made of.
//!
//! What it writes is well-formed XML and HTML at once.

use std::fmt;

/// An element with its attributes and what stands in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Child>,
}

#[derive(Debug, Clone, PartialEq)]
enum Child {
    Element(Element),
    Text(String),
}

/// Elements that HTML knows no end of.
const VOID: [&str; 2] = ["meta", "br"];

impl Element {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), children: Vec::new() }
    }

    /// An element with nothing in it but a text.
    pub(super) fn of_text(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name).text(text)
    }

    pub(super) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    pub(super) fn class(self, class: impl fmt::Display) -> Self {
        self.with("class", class)
    }

    /// A coordinate or a length.
    pub(super) fn px(self, name: &'static str, pixels: f64) -> Self {
        self.with(name, px(pixels))
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Child::Text(text.into()));
        self
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(Child::Element(child));
        self
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children.into_iter().map(Child::Element));
        self
    }

    /// Elements on lines of their own; around text white space would be seen.
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        for (name, value) in &self.attributes {
            write!(f, " {name}=\"{}\"", escaped(value).replace('"', "&quot;"))?;
        }
        if VOID.contains(&self.name) {
            return f.write_str("/>");
        }
        f.write_str(">")?;
        let is_block = self.children.iter().all(|child| matches!(child, Child::Element(_)));
        for child in &self.children {
            match child {
                Child::Text(text) => f.write_str(&escaped(text))?,
                Child::Element(element) => {
                    if is_block {
                        write!(f, "\n{:1$}", "", depth + 1)?;
                    }
                    element.write(f, depth + 1)?;
                }
            }
        }
        if is_block && !self.children.is_empty() {
            write!(f, "\n{:depth$}", "")?;
        }
        write!(f, "</{}>", self.name)
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// To a tenth of a pixel, in as few characters as that takes.
pub(super) fn px(pixels: f64) -> String {
    let tenths = (pixels * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    match (tenths.abs() / 10, tenths.abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, tenth) => format!("{sign}{whole}.{tenth}"),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // Of the control characters XML knows these alone.
            '\n' | '\t' => escaped.push(character),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn text_stands_where_it_is_and_elements_on_lines_of_their_own() {
        let text = Element::new("p").text("a < \"b\" & ").child(Element::of_text("b", "\u{1b}[31m"));
        let tree = Element::new("div").class("x\"y").child(text).child(Element::new("br"));
        assert_snapshot!(tree, @r#"
        <div class="x&quot;y">
         <p>a &lt; "b" &amp; <b>�[31m</b></p>
         <br/>
        </div>
        "#);
    }

    #[test]
    fn pixels_are_short() {
        let cases = [(3.0, "3"), (7.12, "7.1"), (-0.04, "0"), (-2.55, "-2.6"), (10.96, "11")];
        cases.into_iter().for_each(|(pixels, text)| assert_eq!(px(pixels), text));
    }
}
