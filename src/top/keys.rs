//! What keys do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::{Order, Pane, Screen, State};

/// Rows that Page Up and Page Down move by.
const PAGE: isize = 10;

/// What follows on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Draw, and go on.
    GoOn,
    /// The person has seen enough.
    Quit,
}

impl State {
    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent) -> Next {
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            return Next::Quit;
        }
        if self.is_typing {
            self.type_filter(key.code);
            return Next::GoOn;
        }
        match key.code {
            KeyCode::Char('q') => return Next::Quit,
            KeyCode::Char('?') | KeyCode::F(1) => self.screen = Screen::Help,
            KeyCode::Char(' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('/') => (self.is_typing, self.screen) = (true, Screen::Lists),
            KeyCode::Char('u') => self.order = Order::Busy,
            KeyCode::Char('m') => self.order = Order::Memory,
            KeyCode::Char('p') => self.order = Order::Pod,
            KeyCode::Char('i') => self.order = Order::Device,
            KeyCode::Esc => self.go_back(),
            KeyCode::Enter => self.open(),
            KeyCode::Tab | KeyCode::BackTab => {
                self.focus = if self.focus == Pane::Gpus { Pane::Processes } else { Pane::Gpus };
            }
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::PageDown => self.step(PAGE),
            KeyCode::PageUp => self.step(-PAGE),
            KeyCode::Home | KeyCode::Char('g') => self.step(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.step(isize::MAX),
            _ => {}
        }
        Next::GoOn
    }

    fn type_filter(&mut self, key: KeyCode) {
        match key {
            KeyCode::Char(character) => self.filter.push(character),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.is_typing = false;
                self.filter.clear();
            }
            _ => {}
        }
    }

    /// From details and help to the lists, and from filtered lists to whole ones.
    fn go_back(&mut self) {
        match self.screen {
            Screen::Lists => self.filter.clear(),
            Screen::Details(_) | Screen::Help => self.screen = Screen::Lists,
        }
    }

    /// Opens the details of the chosen device, or of the device of the chosen process; closes them again.
    fn open(&mut self) {
        if self.screen != Screen::Lists {
            self.screen = Screen::Lists;
            return;
        }
        let key = match self.focus {
            Pane::Gpus => self.devices().get(self.gpu_row).map(|device| device.key()),
            Pane::Processes => self.occupants().get(self.process_row).map(|occupant| occupant.key),
        };
        if let Some(key) = key {
            (self.screen, self.scroll) = (Screen::Details(key), 0);
        }
    }

    fn step(&mut self, by: isize) {
        let (place, length) = match (self.screen, self.focus) {
            (Screen::Details(key), _) => (self.scroll, self.details(key).len()),
            (Screen::Help, _) => return,
            (Screen::Lists, Pane::Gpus) => (self.gpu_row, self.devices().len()),
            (Screen::Lists, Pane::Processes) => (self.process_row, self.occupants().len()),
        };
        let last = length.saturating_sub(1);
        let place = place.min(last).saturating_add_signed(by).min(last);
        match (self.screen, self.focus) {
            (Screen::Details(_), _) => self.scroll = place,
            (_, Pane::Gpus) => self.gpu_row = place,
            (_, Pane::Processes) => self.process_row = place,
        }
    }
}
