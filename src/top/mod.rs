//! The terminal view: what an agent knows of a node, on a screen, in the manner of nvtop and k9s.
//!
//! ```text
//! Overview --(take)--> State --(draw)--> frame
//!      key --(press)--> State
//! ```
//!
//! Pure: the program asks the agent, reads the keys and owns the terminal. Nothing is told by colour alone, and what was
//! not read lately has no number.

mod details;
mod devices;
mod gpus;
mod help;
mod history;
mod keys;
mod messages;
mod processes;
mod screen;
mod state;
mod theme;

pub use keys::Next;
pub use screen::draw;
pub use state::State;
pub use theme::Theme;
