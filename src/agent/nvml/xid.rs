//! XID errors as the driver tells them: NVML's events, without polling.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::event::EventSet;

use super::raw;

/// NVML's number for an error that it does not know.
const UNKNOWN_XID: u64 = 999;

/// Waits for XID errors of the GPUs that can tell them.
pub(in crate::agent) struct Listener<'nvml> {
    events: EventSet<'nvml>,
    /// By the handles' addresses: a GPU that is lost does not say its UUID any more.
    gpus: BTreeMap<usize, Arc<str>>,
    asked: BTreeSet<String>,
}

/// An XID error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agent) struct XidEvent {
    /// The GPU's UUID.
    pub(in crate::agent) uuid: Arc<str>,
    /// The error's number.
    pub(in crate::agent) code: u64,
}

impl<'nvml> Listener<'nvml> {
    /// Registers with every GPU that answers.
    pub(in crate::agent) fn start(nvml: &'nvml Nvml) -> Result<Self, NvmlError> {
        let mut events = nvml.create_event_set()?;
        let (mut gpus, mut asked) = (BTreeMap::new(), BTreeSet::new());
        for index in 0..nvml.device_count()? {
            let Ok(device) = nvml.device_by_index(index) else { continue };
            let Ok(uuid) = device.uuid() else { continue };
            asked.insert(uuid.clone());
            if device.supported_event_types().is_ok_and(|types| types.contains(XIDS)) {
                events = device.register_events(XIDS, events).map_err(|error| error.error)?;
                gpus.insert(raw::address(&device), uuid.into());
            }
        }
        Ok(Self { events, gpus, asked })
    }

    /// The GPUs, by UUID, of which an error would be told.
    pub(in crate::agent) fn listens_to(&self) -> impl Iterator<Item = Arc<str>> {
        self.gpus.values().cloned()
    }

    /// Whether the GPU of this UUID was asked, whatever it said.
    pub(in crate::agent) fn knows(&self, uuid: &str) -> bool {
        self.asked.contains(uuid)
    }

    /// The next error, or `None` where there is none within the time.
    ///
    /// # Errors
    /// Where the listener is of no more use.
    pub(in crate::agent) fn wait(&self, most: Duration) -> Result<Option<XidEvent>, NvmlError> {
        let event = match self.events.wait(u32::try_from(most.as_millis()).unwrap_or(u32::MAX)) {
            Err(NvmlError::Timeout) => return Ok(None),
            event => event?,
        };
        let code = match event.event_data {
            None => return Ok(None),
            Some(XidError::Value(code)) => code,
            Some(XidError::Unknown) => UNKNOWN_XID,
        };
        let uuid = self.gpus.get(&raw::address(&event.device));
        Ok(uuid.map(|uuid| XidEvent { uuid: uuid.clone(), code }))
    }
}

const XIDS: EventTypes = EventTypes::CRITICAL_XID_ERROR;
