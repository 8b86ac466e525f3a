//! The agent at work: its threads, and the watch over them.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use super::holders::{self, HolderStatus};
use super::listener;
use super::overview::Overview;
use super::page::Layout;
use super::progress::{Step, Verdict};
use super::reader;
use super::reading::{DeviceFault, Reading};
use super::settings::Settings;
use super::trouble::Trouble;
use super::view::View;
use super::xids::Xids;

/// The running edge. Its threads live as long as the process: a call that hangs cannot be ended.
#[derive(Clone)]
pub struct Agent {
    desk: Arc<Desk>,
    settings: Settings,
}

impl Agent {
    /// Starts to read. No GPU and no driver are no error: they may come.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let desk = Arc::new(Desk::new());
        reader::start(&desk, &settings, 0)?;
        listener::start(&desk, &settings)?;
        Ok(Self { desk, settings })
    }

    /// Watches over the threads for ever: where a call hangs, it says so and lets another thread take over reading.
    pub async fn watch(&self) -> std::convert::Infallible {
        let every = (self.settings.hang_after / 10).clamp(Duration::from_millis(10), Duration::from_secs(1));
        let mut ticks = tokio::time::interval(every);
        loop {
            ticks.tick().await;
            self.watch_events();
            // Its own statement: the lock is free again before the verdict is carried out.
            let verdict = self.desk.progress().judge(self.settings.hang_after);
            match verdict {
                Verdict::Well => {}
                Verdict::TakeOver(gpu, generation) => {
                    self.desk.mark(gpu, &DeviceFault::Hanging);
                    if let Err(error) = reader::start(&self.desk, &self.settings, generation) {
                        let text = format!("a reading thread ({error})");
                        self.desk.report(Trouble::hanging(&text));
                    }
                }
                Verdict::Stuck(step) => self.desk.report(Trouble::hanging(&match step {
                    Step::Gpu(gpu) => format!("a call about GPU {gpu}, nor from those about others"),
                    Step::Begin | Step::Rest => "its initialization".to_owned(),
                })),
            }
        }
    }

    /// Another event thread would hang in the same driver: that no error is told now is all that can be said.
    fn watch_events(&self) {
        let waited = self.desk.progress().waited_for_events();
        if waited > listener::WAIT + self.settings.hang_after && self.desk.xids().fault().is_none() {
            let trouble = Trouble::hanging("waiting for them");
            self.desk.change_xids(|xids| xids.listen_to_nothing(Some(&trouble.text)));
        }
    }

    /// Finds out for ever whose the devices are, where the settings say how.
    pub async fn follow(&self) -> std::convert::Infallible {
        match &self.settings.sources {
            Some(sources) => holders::follow(&self.desk, sources).await,
            None => std::future::pending().await,
        }
    }

    /// The same once.
    pub async fn find_holders(&self) {
        if let Some(sources) = &self.settings.sources {
            holders::find(&self.desk, sources).await;
        }
    }

    /// What is wrong with that; `None` where nobody tries.
    pub(super) fn holders(&self) -> Option<Arc<HolderStatus>> {
        self.desk.holders()
    }

    /// What is known of XID errors.
    pub(super) fn xids(&self) -> Arc<Xids> {
        self.desk.xids()
    }

    /// Waits for the first reading, or for what keeps it from being made, and watches over the threads meanwhile.
    ///
    /// # Errors
    /// What keeps it from being made.
    pub async fn first(&self) -> Result<(), Arc<Trouble>> {
        tokio::select! {
            found = self.found() => found,
            never = self.watch() => match never {},
        }
    }

    async fn found(&self) -> Result<(), Arc<Trouble>> {
        let mut changed = self.desk.changes();
        loop {
            match (self.desk.trouble(), self.desk.reading()) {
                (Some(trouble), _) => return Err(trouble),
                (None, Some(_)) => return Ok(()),
                (None, None) => {}
            }
            // The desk lives as long as this does, so there is always a next change.
            let _ = changed.changed().await;
        }
    }

    /// What there is to show now. The window of averages ends here: it is for one who scrapes.
    #[must_use]
    pub fn view(&self) -> View {
        self.desk.view()
    }

    /// The same for one who looks and does not scrape: the window of averages goes on.
    #[must_use]
    pub fn overview(&self, layout: &Layout) -> Overview {
        Overview::of(&self.desk.glance(), layout)
    }

    /// The last reading, and what keeps the next from being made.
    #[must_use]
    pub fn state(&self) -> (Option<Arc<Reading>>, Option<Arc<Trouble>>) {
        (self.desk.reading(), self.desk.trouble())
    }

    /// How it reads.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent").field("settings", &self.settings).finish_non_exhaustive()
    }
}
