//! Judging while the run goes on: a violation is known at the event that completes it.

pub(crate) mod blocks;
pub(crate) mod keys;
mod recheck;

use tribunal_history::{History, ValueId};

/// Follows a history as it grows, and says when it can no longer be put right.
///
/// An alarm is exact: the history up to its event has no legal order, and no later event can give
/// it one. Silence is not a verdict: a monitor may stop watching a key, and says so; the checker it
/// came from has the last word on the whole history.
pub trait Monitor: Send {
    /// The name of the checker it came from, as its findings carry it.
    fn checker(&self) -> &'static str;

    /// Takes in the events added since the last time. The first alarm is given once.
    fn follow(&mut self, history: &History) -> Option<Alarm>;

    /// What the monitor holds in memory at present, and what it no longer watches.
    fn state(&self) -> Watching;
}

/// A violation that was seen while it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Position of the event that completed it.
    pub event: u32,
    /// The key it is about; nil if the history has none.
    pub key: ValueId,
    /// What happened, in words without full stop.
    pub why: String,
}

/// What a monitor holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watching {
    /// Keys seen.
    pub keys: usize,
    /// Values held, of all keys: of the streaming judge these are the few that may still be read.
    pub values: usize,
    /// Operations held for keys that are judged anew from time to time.
    pub operations: usize,
    /// Keys no longer watched, and why the first of them is not.
    pub given_up: usize,
    /// Why the first of them is not.
    pub why: Option<String>,
}

/// What one operation of a stream came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is still a legal order.
    Fine,
    /// There is none any more: why, in words.
    Violation(String),
    /// The stream cannot judge this object: why, in words.
    GiveUp(String),
}

/// A judge of one object that sees its operations as they begin and end, in order, and forgets what
/// can no longer matter. Moments ascend; `call` tells operations apart.
pub trait Stream<M: crate::Model>: Send {
    /// An operation begins.
    fn begin(&mut self, call: usize, input: &M::Input, moment: u64) -> Step;

    /// It ended with this answer.
    fn ok(&mut self, call: usize, output: &M::Output, moment: u64) -> Step;

    /// It certainly did not happen.
    fn fail(&mut self, call: usize) -> Step;

    /// Nobody will know how it ended.
    fn info(&mut self, call: usize);

    /// Values held.
    fn held(&self) -> usize;
}
