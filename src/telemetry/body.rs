//! A body on its way from the connection to the thread that reads it, piece by piece.

use std::io::{self, Read};

use bytes::Bytes;
use tokio::sync::mpsc;

/// Pieces that may wait to be read; then the connection has to.
const WAITING: usize = 2;

/// The connection's end.
pub(super) struct Sender(mpsc::Sender<Bytes>);

/// The reader's end. To read blocks the thread until a piece is there, and fails where the sender is dropped before
/// it said that the body has ended.
#[derive(Debug)]
pub(super) struct Body {
    pieces: mpsc::Receiver<Bytes>,
    /// What is left of the piece under way.
    piece: Bytes,
    ended: bool,
}

/// Both ends.
pub(super) fn channel() -> (Sender, Body) {
    let (sender, pieces) = mpsc::channel(WAITING);
    (Sender(sender), Body { pieces, piece: Bytes::new(), ended: false })
}

impl Sender {
    /// Hands a piece over; `false` where nobody reads on.
    pub(super) async fn send(&self, piece: Bytes) -> bool {
        piece.is_empty() || self.0.send(piece).await.is_ok()
    }

    /// Says that this was all.
    pub(super) async fn end(self) {
        // An empty piece marks the end; whoever does not read on does not need to know.
        self.0.send(Bytes::new()).await.ok();
    }
}

impl Read for Body {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && !self.ended {
            self.piece = self.pieces.blocking_recv().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.ended = self.piece.is_empty();
        }
        let read = self.piece.split_to(room.len().min(self.piece.len()));
        room[..read.len()].copy_from_slice(&read);
        Ok(read.len())
    }
}
