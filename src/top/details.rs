//! All that is known of one device.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Text};
use ratatui::widgets::Paragraph;

use super::devices::{Device, Key};
use super::gpus::percent;
use super::state::State;
use super::theme::Theme;
use crate::agent::{Figure, described, throttle_reasons, utilization_ppm, xid_message};

/// The curve of the last minute, a character for each second.
const CURVE_CELLS: u16 = 60;

/// Draws them, from the line on that was scrolled to.
pub(super) fn draw(state: &State, theme: Theme, key: Key, area: Rect, frame: &mut Frame<'_>) {
    let lines = state.details(key);
    let first = state.scroll.min(lines.len().saturating_sub(usize::from(area.height)));
    let text: Text<'_> = lines
        .into_iter()
        .enumerate()
        .map(|(number, line)| if number == 0 { Line::styled(line, theme.title()) } else { Line::from(line) })
        .skip(first)
        .collect();
    frame.render_widget(Paragraph::new(text), area);
}

impl State {
    /// The lines: who it is, how it is, who uses it, everything that it measures.
    pub(super) fn details(&self, key: Key) -> Vec<String> {
        let devices = self.all_devices();
        let Some(device) = devices.iter().find(|device| device.key() == key) else {
            return vec!["The device is gone. Esc: back".to_owned()];
        };
        let mut lines = vec![format!("GPU {}  {}", device.name(), device.model())];
        lines.extend(self.identity(device));
        lines.extend(self.condition(device));
        lines.extend(self.users(device));
        if device.is_fresh {
            lines.push(String::new());
            let figures = described(device.figures());
            lines.extend(figures.map(|(help, value)| format!("{value:>14}  {}", help.trim_end_matches('.'))));
        }
        lines
    }

    fn identity(&self, device: &Device<'_>) -> Vec<String> {
        let uuids = match (device.instance, &device.gpu.identity) {
            (Some(instance), _) => instance.uuids.join(" "),
            (None, Some(identity)) => identity.uuid.to_string(),
            (None, None) => return Vec::new(),
        };
        let place = device.gpu.identity.as_ref();
        let place = place.map(|place| format!("PCI   {}  {}", place.pci_bus_id, place.device));
        std::iter::once(format!("UUID  {uuids}")).chain(place).collect()
    }

    fn condition(&self, device: &Device<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(fault) = &device.gpu.fault {
            lines.push(format!("FAULT {}: {fault}", fault.name()));
        }
        if let Some((ppm, source)) = utilization_ppm(device.figures()).filter(|_| device.is_fresh) {
            lines.push(format!("BUSY  {}% by {source}, in the last minute:", percent(ppm)));
            lines.push(format!("      {}", self.history.curve(device.key(), self.agents_now(), CURVE_CELLS)));
        }
        let clocks = device.figures().get(Figure::ThrottleReasons).filter(|_| device.is_fresh);
        let reasons: Vec<&str> = throttle_reasons(clocks.unwrap_or_default()).collect();
        if !reasons.is_empty() {
            lines.push(format!("CLOCK held down: {}", reasons.join(", ")));
        }
        let uuid = device.gpu.identity.as_ref().map(|identity| &identity.uuid);
        let xids = uuid.and_then(|uuid| self.overview.as_ref()?.xids.get(uuid));
        for (code, count) in xids.into_iter().flatten() {
            let name = xid_message(*code);
            lines.push(format!("XID   {code} ({name}): {count} since the agent started"));
        }
        lines
    }

    fn users(&self, device: &Device<'_>) -> Vec<String> {
        let holders = device.holders.iter();
        let holders =
            holders.map(|held| format!("POD   {}/{} ({})", held.namespace, held.pod, held.container));
        let occupants = self.occupants();
        let is_inside = |key: Key| match device.key() {
            (gpu, None) => key.0 == gpu,
            instance => key == instance,
        };
        let processes = occupants.iter().filter(|occupant| is_inside(occupant.key)).map(|occupant| {
            let memory =
                occupant.process.memory_bytes.map_or(String::new(), |bytes| format!("  {} MiB", bytes >> 20));
            format!("PID   {}{memory}  {}", occupant.process.pid, occupant.pod(self)).trim_end().to_owned()
        });
        holders.chain(processes).collect()
    }
}
