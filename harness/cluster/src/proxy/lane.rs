//! One direction of one connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Gate;
use super::gate::GateState;
use super::queue::{End, Queue};

/// How long a connection lives on after its reply was swallowed, so that a request which came in
/// pieces surely reached the node.
const GRACE: Duration = Duration::from_millis(20);

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
}

impl<'a> Lane<'a> {
    pub(super) fn new(gate: &'a Gate, way: Way<'a>) -> Lane<'a> {
        let mut changes = gate.subscribe();
        let epoch = changes.borrow_and_update().epoch;
        Lane { gate, changes, epoch, queue: Queue::new(gate), way, lost: None }
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
            let due = self.queue.oldest().map(|came| came + state.link.delay.to_duration());
            let passes = due.is_some_and(|due| !holds && due <= Instant::now());
            let wake = self.lost.map(|lost| lost + GRACE).or(due.filter(|_| !holds && !passes));
            tokio::select! {
                changed = self.changes.changed() => changed.map_err(|_| Cut::Reset)?,
                _ = from.readable(), if self.queue.has_room() => self.take_in(from, holds),
                _ = to.writable(), if passes => self.pass_on(to)?,
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
        }
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

    /// Passes bytes on, if the gate still allows it: asked under its lock, see [`Gate::set`].
    fn pass_on(&mut self, to: &WriteHalf<'_>) -> Result<(), Cut> {
        let state = self.changes.borrow();
        let link = state.link;
        if link.is_cut() || state.epoch != self.epoch {
            return Ok(());
        }
        match &self.way {
            // Before the bytes are on their way: the answer must not be faster than this.
            Way::Ahead(spoke) => spoke.store(true, Ordering::Release),
            Way::Back(spoke) if link.lose_reply && spoke.load(Ordering::Acquire) => return Ok(()),
            Way::Back(_) => {}
        }
        self.queue.pass_on(to).map_err(|_| Cut::Reset)
    }
}
