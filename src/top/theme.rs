//! How things look.

use ratatui::style::{Color, Modifier, Style};

/// Styles. Without colour they are bold, dim and reversed, which every terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether there may be colour.
    pub colour: bool,
}

impl Theme {
    fn colour(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// The headings of a list; those of the list that the keys move in stand out.
    pub(super) fn heading(self, is_focused: bool) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        if is_focused {
            style.add_modifier(Modifier::REVERSED)
        } else {
            style.add_modifier(Modifier::UNDERLINED)
        }
    }

    /// The chosen row.
    pub(super) fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Names.
    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is wrong.
    pub(super) fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Bars.
    pub(super) fn bar(self) -> Style {
        self.colour(Color::Green)
    }

    /// The last minute.
    pub(super) fn curve(self) -> Style {
        self.colour(Color::Cyan)
    }

    /// What may be overlooked.
    pub(super) fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }
}
