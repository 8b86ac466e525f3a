//! What is wrong, in sentences.

use super::state::State;

/// More than so many are counted.
const MOST: usize = 3;

impl State {
    /// What a person should know before looking at numbers, the worst first.
    pub(super) fn messages(&self) -> Vec<String> {
        let silence = self.silence.as_ref().map(|silence| match &self.overview {
            Some(_) => format!("no answer for {} s: {silence}", self.quiet_for().as_secs()),
            None => format!("no answer: {silence}"),
        });
        let trouble = self.overview.as_ref().and_then(|overview| overview.trouble.clone());
        let devices = self.all_devices();
        let faults = devices.iter().filter(|device| device.instance.is_none()).filter_map(|device| {
            let fault = device.gpu.fault.as_ref()?;
            let age = device
                .age
                .map_or_else(|| "never read".to_owned(), |age| format!("last read {} s ago", age.as_secs()));
            Some(format!("GPU {}: {fault} ({age})", device.name()))
        });
        let problems = self.overview.iter().flat_map(|overview| &overview.problems).cloned();
        let mut messages: Vec<String> =
            silence.into_iter().chain(trouble).chain(faults).chain(problems).collect();
        if messages.len() > MOST {
            let rest = messages.len() - (MOST - 1);
            messages.truncate(MOST - 1);
            messages.push(format!("and {rest} more; /readyz names them all"));
        }
        messages
    }
}
