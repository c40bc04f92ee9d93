//! One direction of one connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tribunal_history::PacketFault;

use super::Gate;
use super::gate::GateState;
use super::queue::{End, Queue};

/// How long a connection lives on after its reply was swallowed, so that a request which came in
/// pieces surely reached the node.
const GRACE: Duration = Duration::from_millis(20);

/// Bytes that are given to a link of limited bandwidth at once: as many as a packet carries, so
/// that connections take turns.
const SLICE: usize = 1_460;

/// Why a connection ends before both sides closed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A fault resets it, or one side broke: both sides see a reset.
    Reset,
    /// A reply was swallowed: the client sees a reset, the node an ordinary end.
    ReplyLost,
}

/// Which way a lane goes.
pub(super) enum Way<'a> {
    /// From the side that dialled; notes that it said something.
    Ahead(&'a AtomicBool),
    /// Back to it; whether it said something decides what a lost reply is.
    Back(&'a AtomicBool),
}

/// One direction of one connection: reads, lets bytes wait as the gate says, writes.
pub(super) struct Lane<'a> {
    pub(super) gate: &'a Gate,
    pub(super) changes: watch::Receiver<GateState>,
    /// The epoch of the gate this connection has come to terms with.
    pub(super) epoch: u64,
    pub(super) queue: Queue<'a>,
    pub(super) way: Way<'a>,
    lost: Option<Instant>,
    slice: Option<Slice>,
}

/// The bytes at the front of the queue that a link of limited bandwidth was given.
struct Slice {
    bytes: usize,
    /// When they are through.
    through: Instant,
    /// The bandwidth they were given at.
    bandwidth: u64,
}

impl<'a> Lane<'a> {
    pub(super) fn new(gate: &'a Gate, way: Way<'a>) -> Lane<'a> {
        let mut changes = gate.subscribe();
        let epoch = changes.borrow_and_update().epoch;
        Lane { gate, changes, epoch, queue: Queue::new(gate), way, lost: None, slice: None }
    }

    /// Carries until the sender closes its side, and passes that on.
    pub(super) async fn carry(
        &mut self,
        from: &ReadHalf<'_>,
        to: &mut WriteHalf<'_>,
    ) -> Result<(), Cut> {
        loop {
            let state = *self.changes.borrow_and_update();
            self.obey(state)?;
            let holds = state.link.hold.is_some();
            if self.queue.is_empty() && !holds && self.lost.is_none() {
                match self.queue.end() {
                    End::Open => {}
                    // The other side may be gone already, and then there is nobody to tell.
                    End::Closed => return to.shutdown().await.map_err(|_| Cut::Reset),
                    End::Broken => return Err(Cut::Reset),
                }
            }
            let packet = state.link.packet;
            let due = if holds { None } else { self.due(packet) };
            let passes = due.is_some_and(|due| due <= Instant::now());
            if due.is_some() && !passes {
                self.queue.mark_late();
            }
            let wake = self.lost.map(|lost| lost + GRACE).or(due.filter(|_| !passes));
            tokio::select! {
                changed = self.changes.changed() => changed.map_err(|_| Cut::Reset)?,
                _ = from.readable(), if self.queue.has_room() => self.take_in(from, holds),
                _ = to.writable(), if passes => self.pass_on(to, packet)?,
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
        }
    }

    /// When the bytes at the front may pass; `None` if none wait.
    ///
    /// Only the front is asked about, so whatever is drawn, bytes keep their order: a chunk that
    /// is due before the one ahead of it passes right after that one. Of a bandwidth it takes its
    /// share when the delay is over, which comes to the same as the other way round.
    fn due(&mut self, packet: PacketFault) -> Option<Instant> {
        let (came, bytes) = self.queue.first()?;
        if packet.is_clear() {
            self.slice = None;
            return Some(came);
        }
        let least = packet.delay - packet.jitter;
        let drawn = match packet.jitter.0 {
            0 => 0,
            jitter => self.queue.draw(jitter.saturating_mul(2)),
        };
        let ready = came + least.to_duration() + Duration::from_nanos(drawn);
        let now = Instant::now();
        let bandwidth = packet.bandwidth;
        self.slice = self.slice.take().filter(|slice| slice.bandwidth == bandwidth);
        if bandwidth == 0 || ready > now {
            return Some(ready);
        }
        let pacer = &self.gate.pacer;
        let slice = self.slice.get_or_insert_with(|| {
            let bytes = bytes.min(SLICE);
            let through = pacer.give(bytes as u64, bandwidth, ready, now);
            Slice { bytes, through, bandwidth }
        });
        Some(slice.through)
    }

    /// Waits, reading what there is room for, until the link carries; for a connection that was
    /// accepted and has no other side yet. A sender that gave up is not carried any more.
    pub(super) async fn wait_for_heal(&mut self, from: &ReadHalf<'_>) -> Result<(), Cut> {
        loop {
            let state = *self.changes.borrow_and_update();
            self.obey(state)?;
            if self.queue.end() != End::Open {
                return Err(Cut::Reset);
            }
            if state.link.hold.is_none() {
                return Ok(());
            }
            tokio::select! {
                changed = self.changes.changed() => changed.map_err(|_| Cut::Reset)?,
                _ = from.readable(), if self.queue.has_room() => self.take_in(from, true),
            }
        }
    }

    /// Whether the connection may live on under this state.
    fn obey(&mut self, state: GateState) -> Result<(), Cut> {
        if self.epoch != state.epoch {
            self.epoch = state.epoch;
            // Back on a dialled connection only what waited counts: the connection as such belongs
            // to the link of the side that dialled it.
            if matches!(self.way, Way::Ahead(_)) || self.queue.has_news() {
                return self.reset();
            }
        }
        if state.link.reset && self.queue.has_news() {
            return self.reset();
        }
        if let Way::Back(spoke) = self.way
            && (self.lost.is_some() || state.link.lose_reply && spoke.load(Ordering::Acquire))
        {
            return self.lose();
        }
        Ok(())
    }

    fn reset(&self) -> Result<(), Cut> {
        self.gate.cells.resets.add(1);
        Err(Cut::Reset)
    }

    /// Swallows what the node said, and ends the connection a little later.
    fn lose(&mut self) -> Result<(), Cut> {
        let count = self.queue.swallow() as u64;
        self.gate.cells.swallowed.add(count);
        if count > 0 && self.lost.is_none() {
            self.gate.cells.replies_lost.add(1);
            self.lost = Some(Instant::now());
        }
        match self.lost {
            Some(lost) if self.queue.end() != End::Open || lost + GRACE <= Instant::now() => {
                self.gate.cells.resets.add(1);
                Err(Cut::ReplyLost)
            }
            _ => Ok(()),
        }
    }

    fn take_in(&mut self, from: &ReadHalf<'_>, holds: bool) {
        let count = self.queue.take_in(from) as u64;
        if holds {
            self.gate.cells.held.add(count);
        }
    }

    /// Passes bytes on that are due under `packet`, if the gate still allows it: asked under its
    /// lock, see [`Gate::set`].
    fn pass_on(&mut self, to: &WriteHalf<'_>, packet: PacketFault) -> Result<(), Cut> {
        let state = self.changes.borrow();
        let link = state.link;
        if link.is_cut() || link.packet != packet || state.epoch != self.epoch {
            return Ok(());
        }
        match &self.way {
            // Before the bytes are on their way: the answer must not be faster than this.
            Way::Ahead(spoke) => spoke.store(true, Ordering::Release),
            Way::Back(spoke) if link.lose_reply && spoke.load(Ordering::Acquire) => return Ok(()),
            Way::Back(_) => {}
        }
        let most = self.slice.as_ref().map_or(usize::MAX, |slice| slice.bytes);
        let count = self.queue.pass_on(to, most).map_err(|_| Cut::Reset)?;
        if let Some(slice) = &mut self.slice {
            slice.bytes -= count;
        }
        self.slice = self.slice.take().filter(|slice| slice.bytes > 0);
        Ok(())
    }
}
