//! The bytes of one direction of one connection that were read and not passed on yet.

use std::collections::VecDeque;
use std::io;

use bytes::{Buf, Bytes};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::Instant;
use tribunal_history::Seed;

use super::Gate;

/// The most bytes held for one direction of one connection; more is left with the sender.
pub(super) const HELD_MAX: usize = 64 * 1024;

/// How much is read at once.
const READ_MAX: usize = 16 * 1024;

/// What was read and not passed on yet.
pub(super) struct Queue<'a> {
    gate: &'a Gate,
    chunks: VecDeque<Chunk>,
    length: usize,
    end: End,
    /// Of this connection's draws.
    seed: Seed,
    /// Chunks passed on: the ordinal of the first one that waits.
    gone: u64,
}

/// Bytes as they were read at once.
struct Chunk {
    came: Instant,
    /// Whether they had to wait for a delay or for bandwidth.
    late: bool,
    bytes: Bytes,
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
        let seed = gate.next_seed();
        Queue { gate, chunks: VecDeque::new(), length: 0, end: End::Open, seed, gone: 0 }
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

    /// When the first chunk came, and how many bytes of it are left.
    pub(super) fn first(&self) -> Option<(Instant, usize)> {
        self.chunks.front().map(|chunk| (chunk.came, chunk.bytes.len()))
    }

    /// A number drawn for the first chunk, in `0..=most`; the same whenever it is asked for.
    pub(super) fn draw(&self, most: u64) -> u64 {
        self.seed.child_at("chunk", self.gone).random().between(0, most)
    }

    /// Notes that the first chunk waits for a delay or for bandwidth.
    pub(super) fn mark_late(&mut self) {
        if let Some(chunk) = self.chunks.front_mut() {
            chunk.late = true;
        }
    }

    /// Reads what is there without waiting; returns how many bytes.
    pub(super) fn take_in(&mut self, from: &ReadHalf<'_>) -> usize {
        let mut buffer = [0; READ_MAX];
        let room = READ_MAX.min(HELD_MAX - self.length);
        match from.try_read(&mut buffer[..room]) {
            Ok(0) => self.end = End::Closed,
            Ok(count) => {
                let bytes = Bytes::copy_from_slice(&buffer[..count]);
                self.chunks.push_back(Chunk { came: Instant::now(), late: false, bytes });
                self.length += count;
                self.gate.cells.waiting.add(count as u64);
                return count;
            }
            Err(error) if would_block(&error) => {}
            Err(_) => self.end = End::Broken,
        }
        0
    }

    /// Writes the first chunk, but at most so many bytes of it, or what fits, without waiting;
    /// returns how many.
    pub(super) fn pass_on(&mut self, to: &WriteHalf<'_>, most: usize) -> io::Result<usize> {
        let Some(chunk) = self.chunks.front_mut() else { return Ok(0) };
        let count = match to.try_write(&chunk.bytes[..chunk.bytes.len().min(most)]) {
            Ok(count) => count,
            Err(error) if would_block(&error) => return Ok(0),
            Err(error) => return Err(error),
        };
        chunk.bytes.advance(count);
        if chunk.bytes.is_empty() {
            if chunk.late {
                let nanos = u64::try_from(chunk.came.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.gate.cells.delayed.add(1);
                self.gate.cells.delay_sum.add(nanos);
                self.gate.cells.delay_max.raise_to(nanos);
            }
            self.chunks.pop_front();
            self.gone += 1;
        }
        self.length -= count;
        self.gate.cells.waiting.subtract(count as u64);
        self.gate.cells.passed.add(count as u64);
        Ok(count)
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
