//! What the keys are for.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;

const TEXT: &str = " Up Down k j   choose a row        Enter   details of its GPU, and back
 PgUp PgDn     ten rows            Esc     back; drop the filter
 Home End g G  first, last         /       filter GPUs and processes
 Tab           the other list      Space   stand still, and go on
 u m p i       processes by use, memory, pod, GPU
 ?             this help           q       quit

 BUSY is SM_ACTIVE where the GPU measures it, else GR_ENGINE_ACTIVE, else
 GPU_UTIL, which is 100% for one small kernel too; details say which.
 MINUTE is the last minute of it. A GPU that was not read has no numbers.";

/// Draws the help.
pub(super) fn draw(area: Rect, frame: &mut Frame<'_>) {
    frame.render_widget(Paragraph::new(TEXT), area);
}

/// The keys that matter most, dearest first, in as much room as there is.
pub(super) fn short(width: u16) -> String {
    const KEYS: [&str; 8] = [
        "q quit",
        "? help",
        "Enter details",
        "Tab list",
        "/ filter",
        "u m p sort",
        "Space pause",
        "Esc back",
    ];
    let mut text = String::new();
    for key in KEYS {
        if text.len() + key.len() + 3 > usize::from(width) {
            break;
        }
        text.push_str(if text.is_empty() { " " } else { "  " });
        text.push_str(key);
    }
    text
}
