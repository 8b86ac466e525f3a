//! Where the threads lay down what they found, and scrapes pick it up. No lock is held across a call of NVML.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::watch;

use super::attribution::Attribution;
use super::holders::HolderStatus;
use super::progress::Progress;
use super::reading::{DeviceFault, GpuReading, Reading};
use super::trouble::Trouble;
use super::view::View;
use super::window::{Averages, Window};
use super::xids::Xids;
use crate::clock;

pub(super) struct Desk {
    reading: ArcSwapOption<Reading>,
    trouble: ArcSwapOption<Trouble>,
    attribution: ArcSwapOption<Attribution>,
    holders: ArcSwapOption<HolderStatus>,
    xids: ArcSwap<Xids>,
    window: Mutex<Window>,
    progress: Mutex<Progress>,
    changes: watch::Sender<()>,
}

/// What a thread that panicked left behind is as good as before: every change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            reading: ArcSwapOption::empty(),
            trouble: ArcSwapOption::empty(),
            attribution: ArcSwapOption::empty(),
            holders: ArcSwapOption::empty(),
            xids: ArcSwap::default(),
            window: Mutex::default(),
            progress: Mutex::new(Progress::new()),
            changes: watch::Sender::default(),
        }
    }

    pub(super) fn reading(&self) -> Option<Arc<Reading>> {
        self.reading.load_full()
    }

    pub(super) fn trouble(&self) -> Option<Arc<Trouble>> {
        self.trouble.load_full()
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.progress)
    }

    /// Tells of each reading and of each trouble.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Lays down a reading. One line in the log for each GPU whose state has changed.
    pub(super) fn publish(&self, reading: Reading) {
        self.compare(&reading);
        if let Some(trouble) = self.trouble.swap(None) {
            tracing::info!(was = trouble.kind.name(), gpus = reading.gpus.len(), "the GPUs are read again");
        }
        lock(&self.window).add(&reading);
        self.reading.store(Some(Arc::new(reading)));
        self.changes.send_replace(());
    }

    /// Gives a GPU a fault at once, without a reading.
    pub(super) fn mark(&self, index: u32, fault: &DeviceFault) {
        let Some(reading) = self.reading() else { return };
        let mut reading = (*reading).clone();
        if let Some(gpu) = reading.gpus.iter_mut().find(|gpu| gpu.index == index) {
            gpu.fault = Some(fault.clone());
        }
        self.compare(&reading);
        self.reading.store(Some(Arc::new(reading)));
    }

    fn compare(&self, next: &Reading) {
        let last = self.reading();
        let before = |gpu: &GpuReading| {
            let known = last.iter().flat_map(|last| &last.gpus).find(|known| known.index == gpu.index);
            known.and_then(|known| known.fault.clone())
        };
        for gpu in &next.gpus {
            let uuid = gpu.identity.as_ref().map_or("unknown", |identity| &identity.uuid);
            match (before(gpu), &gpu.fault) {
                (None, Some(fault)) => {
                    tracing::warn!(gpu = gpu.index, uuid, fault = fault.name(), "{fault}");
                }
                (Some(fault), None) => {
                    tracing::info!(gpu = gpu.index, uuid, was = fault.name(), "the GPU is read again");
                }
                _ => {}
            }
        }
    }

    /// Says what is wrong with the whole node, with one line in the log where it is news.
    pub(super) fn report(&self, trouble: Trouble) {
        let known = self.trouble();
        if known.is_none_or(|known| known.kind != trouble.kind) {
            tracing::warn!(problem = trouble.kind.name(), "{trouble}");
        }
        lock(&self.window).interrupt(|_| true);
        self.trouble.store(Some(Arc::new(trouble)));
        self.changes.send_replace(());
    }

    pub(super) fn holders(&self) -> Option<Arc<HolderStatus>> {
        self.holders.load_full()
    }

    /// Lays down whose the devices are, and what is wrong with finding it out, with one line in the log for each problem
    /// and one where none is left.
    pub(super) fn attribute(&self, attribution: Attribution, status: HolderStatus) {
        let last = self.holders();
        let before = || last.iter().flat_map(|last| last.faults());
        for fault in status.faults().filter(|fault| before().all(|known| known.kind != fault.kind)) {
            tracing::warn!(problem = fault.kind.name(), "{fault}");
        }
        if let (Some(was), None) = (before().next(), status.faults().next()) {
            tracing::info!(was = was.kind.name(), "whose the GPUs are is found out again");
        }
        self.attribution.store(Some(Arc::new(attribution)));
        self.holders.store(Some(Arc::new(status)));
    }

    pub(super) fn xids(&self) -> Arc<Xids> {
        self.xids.load_full()
    }

    /// Changes what is known of XID errors, with one line in the log where they cease to be told, or are told again.
    pub(super) fn change_xids(&self, change: impl Fn(&mut Xids)) {
        let before = self.xids.rcu(|xids| {
            let mut xids = Xids::clone(xids);
            change(&mut xids);
            xids
        });
        match (before.fault(), self.xids().fault()) {
            (None, Some(fault)) => tracing::warn!(problem = Xids::PROBLEM, "{fault}"),
            (Some(_), None) => tracing::info!(was = Xids::PROBLEM, "XID errors are told again"),
            _ => {}
        }
    }

    /// Everything that a scrape shows; the window of averages ends here.
    pub(super) fn view(&self) -> View {
        View { averages: lock(&self.window).close(), ..self.glance() }
    }

    /// The same without averages: their window stays open.
    pub(super) fn glance(&self) -> View {
        View {
            now: clock::now(),
            reading: self.reading(),
            trouble: self.trouble(),
            xids: self.xids(),
            averages: Averages::default(),
            attribution: self.attribution.load_full(),
            holders: self.holders(),
        }
    }
}
