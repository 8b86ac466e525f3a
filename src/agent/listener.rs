//! The thread that waits for XID errors.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::desk::Desk;
use super::dialect::xid_message;
use super::nvml::{self, Listener};
use super::settings::Settings;
use super::trouble::{Trouble, TroubleKind};

/// How long it waits at a time.
pub(super) const WAIT: Duration = Duration::from_secs(1);

/// Starts the thread. It lives as long as the process.
pub(super) fn start(desk: &Arc<Desk>, settings: &Settings) -> io::Result<()> {
    let (desk, settings) = (desk.clone(), settings.clone());
    let run = move || {
        let mut pause = settings.interval;
        loop {
            let Err(trouble) = listen(&desk, &settings, &mut pause) else { continue };
            desk.progress().rest_from_events();
            desk.change_xids(|xids| xids.listen_to_nothing(fault(&trouble)));
            thread::sleep(pause);
            pause = (pause * 2).min(settings.longest_pause());
        }
    };
    thread::Builder::new().name("nvml-events".into()).spawn(run).map(drop)
}

/// What is wrong with listening alone; where nothing can be read either, the reading thread says so.
fn fault(trouble: &Trouble) -> Option<&str> {
    match trouble.kind {
        TroubleKind::NoLibrary | TroubleKind::NoDriver | TroubleKind::NoGpu => None,
        TroubleKind::Hanging | TroubleKind::Failed => Some(&trouble.text),
    }
}

/// Listens until there is a GPU that was not asked, or the driver is gone: whoever holds its library keeps the next
/// one's from being loaded.
fn listen(desk: &Desk, settings: &Settings, pause: &mut Duration) -> Result<(), Trouble> {
    desk.progress().wait_for_events();
    let nvml = nvml::open(settings.library.as_deref())?;
    let listener = Listener::start(&nvml)?;
    if listener.listens_to().next().is_none() {
        return Err(Trouble::no_gpu());
    }
    *pause = settings.interval;
    let listen = || desk.change_xids(|xids| xids.listen(listener.listens_to()));
    listen();
    loop {
        if let Some(trouble) = desk.trouble().filter(|trouble| trouble.kind == TroubleKind::NoDriver) {
            return Err(Trouble::clone(&trouble));
        }
        let reading = desk.reading();
        let mut gpus = reading.iter().flat_map(|reading| &reading.gpus).filter(|gpu| gpu.fault.is_none());
        if gpus.any(|gpu| gpu.identity.as_ref().is_some_and(|identity| !listener.knows(&identity.uuid))) {
            return Ok(());
        }
        desk.progress().wait_for_events();
        let event = listener.wait(WAIT)?;
        if desk.xids().fault().is_some() {
            // The watchdog gave it up, and it came back.
            listen();
        }
        if let Some(event) = event {
            tracing::warn!(uuid = &*event.uuid, xid = event.code, "XID error: {}", xid_message(event.code));
            desk.change_xids(|xids| xids.add(&event.uuid, event.code));
        }
    }
}
