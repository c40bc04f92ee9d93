//! The bytes of one direction of one connection that were read and not passed on yet.

use std::collections::VecDeque;
use std::io;

use bytes::{Buf, Bytes};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::Instant;

use super::Gate;

/// The most bytes held for one direction of one connection; more is left with the sender.
pub(super) const HELD_MAX: usize = 64 * 1024;

/// How much is read at once.
const READ_MAX: usize = 16 * 1024;

/// What was read and not passed on yet, with the time it came.
pub(super) struct Queue<'a> {
    gate: &'a Gate,
    chunks: VecDeque<(Instant, Bytes)>,
    length: usize,
    end: End,
}

/// How the reading side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// More may come.
    Open,
    /// The sender has closed its side.
    Closed,
    /// The connection broke.
    Broken,
}

impl<'a> Queue<'a> {
    pub(super) fn new(gate: &'a Gate) -> Queue<'a> {
        Queue { gate, chunks: VecDeque::new(), length: 0, end: End::Open }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn end(&self) -> End {
        self.end
    }

    /// Whether anything at all waits: bytes, or the news that the sender is gone.
    pub(super) fn has_news(&self) -> bool {
        !self.is_empty() || self.end != End::Open
    }

    pub(super) fn has_room(&self) -> bool {
        self.end == End::Open && self.length < HELD_MAX
    }

    /// When the first chunk came.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.chunks.front().map(|(came, _)| *came)
    }

    /// Reads what is there without waiting; returns how many bytes.
    pub(super) fn take_in(&mut self, from: &ReadHalf<'_>) -> usize {
        let mut buffer = [0; READ_MAX];
        let room = READ_MAX.min(HELD_MAX - self.length);
        match from.try_read(&mut buffer[..room]) {
            Ok(0) => self.end = End::Closed,
            Ok(count) => {
                let bytes = Bytes::copy_from_slice(&buffer[..count]);
                self.chunks.push_back((Instant::now(), bytes));
                self.length += count;
                self.gate.cells.waiting.add(count as u64);
                return count;
            }
            Err(error) if would_block(&error) => {}
            Err(_) => self.end = End::Broken,
        }
        0
    }

    /// Writes the first chunk, or what fits of it, without waiting.
    pub(super) fn pass_on(&mut self, to: &WriteHalf<'_>) -> io::Result<()> {
        let Some((_, chunk)) = self.chunks.front_mut() else { return Ok(()) };
        let count = match to.try_write(chunk) {
            Ok(count) => count,
            Err(error) if would_block(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        chunk.advance(count);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        self.length -= count;
        self.gate.cells.waiting.subtract(count as u64);
        self.gate.cells.passed.add(count as u64);
        Ok(())
    }

    /// Forgets all bytes; returns how many there were.
    pub(super) fn swallow(&mut self) -> usize {
        let count = std::mem::take(&mut self.length);
        self.chunks.clear();
        self.gate.cells.waiting.subtract(count as u64);
        count
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        self.swallow();
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
