//! The thread that reads answers and publishes what they say.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::answer::AnswerError;
use super::body::Body;
use super::devices::devices;
use super::directory::Directory;
use super::query::Plan;
use super::report::Report;
use super::roster::Roster;
use super::times::Asked;
use crate::cluster::Board;

/// Reads answers, one after the other, off the runtime's threads: tens of thousands of GPUs take a while, in which those
/// have others to serve.
///
/// All on one thread: the allocator keeps the room that an answer took for the thread that took it, and each further
/// thread would take as much again.
#[derive(Debug)]
pub(super) struct Reader {
    plan: Arc<Plan>,
    board: Arc<Board>,
    expires_after: Duration,
    jobs: Option<mpsc::Sender<Job>>,
}

/// An answer on its way to the board.
#[derive(Debug)]
struct Job {
    asked: Asked,
    body: Body,
    done: oneshot::Sender<Result<Report, AnswerError>>,
}

impl Reader {
    pub(super) fn new(plan: Arc<Plan>, board: Arc<Board>, expires_after: Duration) -> Self {
        Self { plan, board, expires_after, jobs: None }
    }

    /// Begins to read an answer. What comes of it follows when all of it was handed over; nothing, where a defect ended
    /// the thread: then the next answer begins a new one.
    pub(super) fn read(
        &mut self,
        asked: Asked,
        body: Body,
    ) -> oneshot::Receiver<Result<Report, AnswerError>> {
        let (done, outcome) = oneshot::channel();
        let jobs = self.jobs.take().filter(|jobs| !jobs.is_closed()).unwrap_or_else(|| self.begin());
        // There is one answer at a time, so there is room; where not, `done` is dropped, which says so.
        jobs.try_send(Job { asked, body, done }).ok();
        self.jobs = Some(jobs);
        outcome
    }

    /// Starts the thread. It ends when the reader is dropped.
    fn begin(&self) -> mpsc::Sender<Job> {
        let (jobs, mut queue) = mpsc::channel::<Job>(1);
        let (plan, board, expires_after) = (self.plan.clone(), self.board.clone(), self.expires_after);
        spawn_blocking(move || {
            let mut roster = Roster::default();
            while let Some(Job { asked, body, done }) = queue.blocking_recv() {
                let read = devices(body, &plan, &Directory::new(&board), asked);
                let published = read.map(|(fresh, report)| {
                    let samples = roster.merge(fresh, asked.answered_at, expires_after);
                    board.update(|assembly| assembly.apply_samples(samples));
                    report
                });
                // Nobody waits where the edge is stopped meanwhile.
                done.send(published).ok();
            }
        });
        jobs
    }
}
