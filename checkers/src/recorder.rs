//! Histories made in code: by one thread, or by many at once.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::interval::{NEVER, moment};
use crate::{Interval, Model};

/// Records what clients ask of an object and what they are answered, for [`crate::check`].
///
/// Shared by reference between threads. The order in which [`Recorder::invoke`] and the ends of
/// [`Pending`] are called is the order of the history, so an operation must be invoked before
/// anything is sent, and ended after the answer came. Recording takes a lock for a few nanoseconds,
/// and tens of bytes an operation.
pub struct Recorder<M: Model> {
    log: Mutex<Log<M>>,
}

struct Log<M: Model> {
    operations: Vec<Interval<M>>,
    /// Of each operation, whether it certainly did not happen.
    failed: Vec<bool>,
    /// How many events there were.
    events: u32,
}

/// An operation that was invoked and has not ended. Dropped, as when its thread panics, it stays
/// so: it may take effect at any later time, or never.
#[must_use = "an operation that is dropped at once may take effect at any later time, or never"]
pub struct Pending<'a, M: Model> {
    recorder: &'a Recorder<M>,
    call: usize,
}

impl<M: Model> Recorder<M> {
    /// An empty history.
    pub const fn new() -> Recorder<M> {
        let log = Log { operations: Vec::new(), failed: Vec::new(), events: 0 };
        Recorder { log: Mutex::new(log) }
    }

    /// An operation begins.
    pub fn invoke(&self, input: impl Into<M::Input>) -> Pending<'_, M> {
        let input = input.into();
        let mut log = self.lock();
        let call = log.operations.len();
        let begin = log.next_moment();
        log.operations.push(Interval { input, output: None, begin, end: NEVER, call });
        log.failed.push(false);
        Pending { recorder: self, call }
    }

    /// Records an operation that `act` does, whose answer is what `act` returns. If `act` panics,
    /// its outcome is unknown.
    pub fn record(&self, input: impl Into<M::Input>, act: impl FnOnce() -> M::Output) -> M::Output {
        let pending = self.invoke(input);
        let output = act();
        pending.ok(output.clone());
        output
    }

    /// The operations so far that did not fail, in the order in which they were invoked. O(n).
    pub fn operations(&self) -> Vec<Interval<M>> {
        let log = self.lock();
        let known = log.operations.iter().zip(&log.failed);
        known.filter(|(_, failed)| !**failed).map(|(operation, _)| operation.clone()).collect()
    }

    /// How many operations were invoked.
    pub fn len(&self) -> usize {
        self.lock().operations.len()
    }

    /// Whether nothing was invoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A thread that panicked while it held the lock left the log whole: each change is one step.
    fn lock(&self) -> MutexGuard<'_, Log<M>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Model> Log<M> {
    fn next_moment(&mut self) -> u64 {
        let position = self.events;
        self.events += 1;
        moment(position)
    }
}

impl<M: Model> Default for Recorder<M> {
    fn default() -> Self {
        Recorder::new()
    }
}

impl<M: Model> fmt::Debug for Recorder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({} operations)", self.len())
    }
}

impl<M: Model> Pending<'_, M> {
    /// It happened, and this came back.
    pub fn ok(self, output: impl Into<M::Output>) {
        let output = output.into();
        let mut log = self.recorder.lock();
        let end = log.next_moment();
        let operation = &mut log.operations[self.call];
        operation.output = Some(output);
        operation.end = end;
    }

    /// It certainly did not happen, and never will.
    pub fn fail(self) {
        self.recorder.lock().failed[self.call] = true;
    }

    /// Nobody knows: it may take effect at any later time, or never. Dropping says the same.
    pub fn info(self) {}
}

impl<M: Model> fmt::Debug for Pending<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending({})", self.call)
    }
}
