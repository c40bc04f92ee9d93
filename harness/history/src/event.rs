//! One line of a history, packed.

use std::fmt;

use crate::{Function, Nanos, NodeId, ProcessId, ValueId};

/// What an event says about its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The operation begins.
    Invoke,
    /// It happened.
    Ok,
    /// It certainly did not happen.
    Fail,
    /// Unknown: it may take effect at any later time or never.
    Info,
}

impl EventKind {
    /// The word in history files.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventKind::Invoke => "invoke",
            EventKind::Ok => "ok",
            EventKind::Fail => "fail",
            EventKind::Info => "info",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One event of a history. The order of events is the order of positions, never of times.
///
/// 40 bytes; text exists only in the history's [`crate::Values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, for drawing only.
    pub time: Nanos,
    /// Whose operation.
    pub process: ProcessId,
    /// The node the client talks to; `None` in histories that do not say.
    pub node: Option<NodeId>,
    /// Beginning or end, and which end.
    pub kind: EventKind,
    /// What the operation does.
    pub function: Function,
    /// Its key, nil when there is none.
    pub key: ValueId,
    /// Argument at invocation, result at `ok`.
    pub value: ValueId,
    /// The error of a `fail` or `info`, interned text; nil otherwise.
    pub error: ValueId,
}
