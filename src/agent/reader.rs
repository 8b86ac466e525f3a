//! The thread that reads the GPUs.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::desk::Desk;
use super::nvml::{self, Session};
use super::progress::{Generation, Step};
use super::reading::{DeviceFault, GpuReading, Reading};
use super::settings::Settings;
use super::trouble::Trouble;
use crate::clock::{self, Stopwatch};

/// While a GPU has a fault, NVML is initialized anew after so many readings: it may be there again.
const LOOK_AGAIN_AFTER: u64 = 60;

/// Why a thread reads no more.
enum Ended {
    /// Another thread has taken over.
    TakenOver,
    /// To begin anew, with nothing wrong.
    Anew,
    /// NVML does not work.
    Trouble(Trouble),
}

impl<T: Into<Trouble>> From<T> for Ended {
    fn from(trouble: T) -> Self {
        Self::Trouble(trouble.into())
    }
}

/// Starts the thread that reads the GPUs. It lives as long as the process, or until another takes over.
///
/// A thread and not a task: a call that hangs would keep the runtime from ending.
pub(super) fn start(desk: &Arc<Desk>, settings: &Settings, generation: Generation) -> io::Result<()> {
    let (desk, settings) = (desk.clone(), settings.clone());
    let run = move || {
        read(&desk, &settings, generation);
        desk.progress().came_back(generation);
    };
    thread::Builder::new().name(format!("nvml-read-{generation}")).spawn(run).map(drop)
}

/// Reads until another thread takes over, beginning anew as often as it takes.
fn read(desk: &Desk, settings: &Settings, generation: Generation) {
    let mut pause = settings.interval;
    loop {
        let ended = match session(desk, settings, generation, &mut pause) {
            Err(ended) => ended,
            Ok(never) => match never {},
        };
        match ended {
            Ended::TakenOver => return,
            Ended::Anew => continue,
            Ended::Trouble(trouble) => desk.report(trouble),
        }
        if !desk.progress().enter(generation, Step::Rest) {
            return;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(settings.longest_pause());
    }
}

/// Reads from one initialization to the next.
fn session(
    desk: &Desk,
    settings: &Settings,
    generation: Generation,
    pause: &mut Duration,
) -> Result<Infallible, Ended> {
    let enter = |step| match desk.progress().enter(generation, step) {
        true => Ok(()),
        false => Err(Ended::TakenOver),
    };
    enter(Step::Begin)?;
    let nvml = nvml::open(settings.library.as_deref())?;
    let mut session = Session::start(&nvml)?;
    if session.count() == 0 {
        return Err(Trouble::no_gpu().into());
    }
    for readings in 1_u64.. {
        let started = Stopwatch::start();
        let gpus = pass(desk, &mut session, enter)?;
        enter(Step::Rest)?;
        let is_faulty = gpus.iter().flatten().any(|gpu| gpu.fault.is_some());
        if let Some(gpus) = gpus {
            let driver_version = session.driver_version();
            desk.publish(Reading { taken_at: clock::now(), driver_version, gpus });
            *pause = settings.interval;
        }
        thread::sleep(settings.interval.saturating_sub(started.elapsed()));
        enter(Step::Begin)?;
        if !session.is_current()? || is_faulty && readings >= LOOK_AGAIN_AFTER {
            return Err(Ended::Anew);
        }
    }
    Err(Ended::Anew)
}

/// Reads each GPU once. One that is not complete yet stays as it was; `None` where there is no news of any, or one was
/// never complete.
fn pass(
    desk: &Desk,
    session: &mut Session<'_>,
    enter: impl Fn(Step) -> Result<(), Ended>,
) -> Result<Option<Vec<GpuReading>>, Ended> {
    let last = desk.reading();
    let (mut gpus, mut is_news) = (Vec::new(), false);
    for index in 0..session.count() {
        let known = last.as_ref().and_then(|last| last.gpus.iter().find(|gpu| gpu.index == index));
        let read = if desk.progress().is_set_aside(index) {
            Some(set_aside(index, known))
        } else {
            enter(Step::Gpu(index))?;
            session.read(index, known)?
        };
        is_news |= read.is_some();
        gpus.extend(read.or_else(|| known.cloned()));
    }
    Ok((is_news && gpus.len() == session.count() as usize).then_some(gpus))
}

fn set_aside(index: u32, known: Option<&GpuReading>) -> GpuReading {
    let known = known.cloned().unwrap_or_else(|| nvml::nothing(index));
    GpuReading { fault: Some(DeviceFault::Hanging), ..known }
}
