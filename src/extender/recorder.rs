//! Decisions for those who want them all: recordings, from which each can be decided again.
//!
//! ```text
//! settled draft --(bounded queue for each reader)--> Lines --> a line for what changed, a line for the decision
//! ```
//!
//! Nobody pays for it who does not record: requests leave a draft as ever, and where somebody listens it is copied when
//! it is settled, after the reply. What a reader is too slow for is not kept but counted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::cluster::{Change, Snapshot};
use crate::placement::{RecordedDecision, RecordingHeader, RecordingLine};

/// How many decisions may wait for a reader. Each keeps the nodes alive that have changed since.
const QUEUE: usize = 1000;
/// How many may record at once.
pub(super) const MAX_READERS: usize = 4;

/// A decision and the cluster that it was taken from.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) snapshot: Snapshot,
    pub(super) decision: RecordedDecision,
}

/// A decision on its way to a reader, and how many before it got lost.
type Sent = (u64, Recorded);

/// Those who record.
#[derive(Debug, Default)]
pub(super) struct Recorders(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    readers: Vec<Reader>,
    closed: bool,
}

#[derive(Debug)]
struct Reader {
    queue: Sender<Sent>,
    missed: u64,
}

impl Recorders {
    /// Starts a recording: the decisions from now on. `None` where too many record already.
    pub(super) fn start(&self) -> Option<Lines> {
        let mut state = self.lock();
        state.readers.retain(|reader| !reader.queue.is_closed());
        if state.readers.len() >= MAX_READERS {
            return None;
        }
        let (queue, decisions) = channel(QUEUE);
        if !state.closed {
            state.readers.push(Reader { queue, missed: 0 });
        }
        Some(Lines { decisions, before: None, began: false })
    }

    /// Ends all recordings for good: a process that stops does not wait for those who listen.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.readers.clear();
        state.closed = true;
    }

    /// Hands a decision to those who record; it is copied only where there is one.
    pub(super) fn note(&self, record: impl FnOnce() -> Recorded) {
        let mut state = self.lock();
        state.readers.retain(|reader| !reader.queue.is_closed());
        if state.readers.is_empty() {
            return;
        }
        let recorded = record();
        for reader in &mut state.readers {
            match reader.queue.try_send((reader.missed, recorded.clone())) {
                Ok(()) => reader.missed = 0,
                Err(_) => reader.missed += 1,
            }
        }
    }

    /// So many decisions were never settled.
    pub(super) fn lost(&self, decisions: u64) {
        self.lock().readers.iter_mut().for_each(|reader| reader.missed += decisions);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The table is whole between any two of its operations, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lines of one recording.
#[derive(Debug)]
pub(super) struct Lines {
    decisions: Receiver<Sent>,
    before: Option<Snapshot>,
    began: bool,
}

impl Lines {
    /// The next lines, as JSON, and how many decisions they have; `None` at the end.
    ///
    /// # Errors
    /// Where serde refuses a value.
    pub(super) async fn next(&mut self) -> Option<serde_json::Result<(Vec<u8>, u64)>> {
        if !std::mem::replace(&mut self.began, true) {
            return Some(line(&RecordingHeader::current()).map(|json| (json, 0)));
        }
        let (missed, Recorded { snapshot, decision }) = self.decisions.recv().await?;
        let before = self.before.replace(snapshot.clone());
        let write = move || {
            let mut json = Vec::new();
            if missed > 0 {
                json.append(&mut line(&RecordingLine::Missed(missed))?);
            }
            let change = Change::between(before.as_ref(), &snapshot);
            if before.is_none() || !change.is_empty() {
                json.append(&mut line(&RecordingLine::Cluster(change))?);
            }
            json.append(&mut line(&RecordingLine::Decision(Box::new(decision)))?);
            Ok((json, 1))
        };
        // The first has the whole cluster: megabytes, which must not hold up the runtime.
        let written = tokio::task::spawn_blocking(write).await;
        Some(written.unwrap_or_else(|error| Err(serde::ser::Error::custom(error))))
    }
}

fn line(value: &impl serde::Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = serde_json::to_vec(value)?;
    json.push(b'\n');
    Ok(json)
}
