//! A frame: title, what is wrong, lists or details, keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Wrap};

use super::state::{Pane, Screen, State};
use super::theme::Theme;
use super::{details, gpus, help, processes};

/// Below this height only one list is shown.
const BOTH_LISTS: u16 = 8;

/// Lines that messages may take of a screen with so many.
fn most_lines(height: u16) -> u16 {
    height / 4
}

/// Draws the state. Any size will do: what does not fit is left out.
pub fn draw(state: &State, theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    let messages = state.messages();
    let lines: usize = messages.iter().map(|message| lines(message, area.width)).sum();
    let height = u16::try_from(lines).unwrap_or(u16::MAX).min(most_lines(area.height));
    let parts =
        [Constraint::Length(1), Constraint::Length(height), Constraint::Min(0), Constraint::Length(1)];
    let [top, said, body, bottom] = Layout::vertical(parts).areas(area);
    title(state, theme, top, frame);
    let text: Text<'_> = messages.into_iter().map(|message| Line::styled(message, theme.bad())).collect();
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), said);
    match state.screen {
        Screen::Lists => lists(state, theme, body, frame),
        Screen::Details(key) => details::draw(state, theme, key, body, frame),
        Screen::Help => help::draw(body, frame),
    }
    frame.render_widget(footer(state, theme, bottom.width), bottom);
}

/// Lines that a message takes, or one more: words are not cut.
fn lines(message: &str, width: u16) -> usize {
    let width = usize::from(width).max(1);
    let length = message.chars().count();
    if length <= width { 1 } else { (length + length / 8).div_ceil(width) }
}

fn title(state: &State, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let node = state.overview.as_ref().map_or("", |overview| overview.node.as_str());
    let name = if node.is_empty() { &state.source } else { node };
    let mut words = vec![Span::styled(format!(" {name}"), theme.title())];
    if let Some(reading) = state.reading() {
        let instances: usize = reading.gpus.iter().map(|gpu| gpu.instances.len()).sum();
        words.push(Span::raw(format!("  {}", count(reading.gpus.len(), "GPU"))));
        if instances > 0 {
            words.push(Span::raw(format!("  {}", count(instances, "MIG instance"))));
        }
        if let Some(driver) = &reading.driver_version {
            words.push(Span::raw(format!("  driver {driver}")));
        }
    }
    let (mode, style) = match (state.is_paused, &state.silence, &state.overview) {
        (true, ..) => (" PAUSED ", theme.title()),
        (_, Some(_), _) => (" NO ANSWER ", theme.bad()),
        (_, None, None) => (" asking ", theme.quiet()),
        (_, None, Some(_)) => (" live ", theme.quiet()),
    };
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(mode.len() as u16)]).areas(area);
    frame.render_widget(Line::from(words), left);
    frame.render_widget(Line::styled(mode, style), right);
}

fn count(number: usize, name: &str) -> String {
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}

fn lists(state: &State, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if area.height < BOTH_LISTS {
        return match state.focus {
            Pane::Gpus => gpus::draw(state, theme, area, frame),
            Pane::Processes => processes::draw(state, theme, area, frame),
        };
    }
    let rows = |rows: usize| u16::try_from(rows + 1).unwrap_or(u16::MAX);
    let (first, second) = (rows(state.devices().len()), rows(state.occupants().len()));
    // Each has what it needs where both fit; else the other's rest, and at least half.
    let room = area.height - 1;
    let first = first.min(room.saturating_sub(second).max(room / 2));
    let parts = [Constraint::Length(first), Constraint::Length(1), Constraint::Min(0)];
    let [above, _, below] = Layout::vertical(parts).areas(area);
    gpus::draw(state, theme, above, frame);
    processes::draw(state, theme, below, frame);
}

fn footer(state: &State, theme: Theme, width: u16) -> Line<'static> {
    if state.is_typing {
        return Line::from(format!("/{}█", state.filter));
    }
    if !state.filter.is_empty() && state.screen == Screen::Lists {
        return Line::styled(format!(" filter: {}  (Esc drops it)", state.filter), theme.title());
    }
    Line::styled(help::short(width), theme.quiet())
}
