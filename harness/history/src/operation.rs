//! An operation as a client is asked to do it, and how it ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Function, Value};

/// What a client is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operation {
    /// What to do.
    #[serde(rename = "f")]
    pub function: Function,
    /// On which key; nil when the object has no keys.
    #[serde(default)]
    pub key: Value,
    /// With which argument; nil for a read.
    #[serde(default)]
    pub value: Value,
}

impl Operation {
    /// An operation on a key.
    pub fn new(function: Function, key: impl Into<Value>, value: Value) -> Operation {
        Operation { function, key: key.into(), value }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.function, self.key)?;
        if self.value.is_nil() { Ok(()) } else { write!(f, " {}", self.value) }
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It happened, and this came back: the value read; for a cas the pair `[seen, new]`; for a
    /// blind write what was written.
    Ok(Value),
    /// It certainly did not happen and never will.
    Fail(ErrorClass),
    /// Nobody knows: it may take effect at any later time, or never.
    Info(ErrorClass),
}

/// Why an operation did not end `ok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// The engine's deadline passed while a request was unanswered.
    Timeout,
    /// No connection was made.
    ConnectionRefused,
    /// A connection was made, but no hello came from a node.
    NoHello,
    /// The connection broke while a request was unanswered.
    ConnectionLost,
    /// The node is not the leader and knows none.
    NoLeader,
    /// The node's session table does not hold the client's session.
    UnknownSession,
    /// The node had no room for the request.
    Overloaded,
    /// The node refused the request for what it is (a wrong type, a value too large).
    Rejected,
    /// The node answered what the protocol does not allow here.
    Protocol,
    /// The run ended before the operation did.
    RunEnded,
}

impl ErrorClass {
    /// The word in history files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorClass::Timeout => "timeout",
            ErrorClass::ConnectionRefused => "connection-refused",
            ErrorClass::NoHello => "no-hello",
            ErrorClass::ConnectionLost => "connection-lost",
            ErrorClass::NoLeader => "no-leader",
            ErrorClass::UnknownSession => "unknown-session",
            ErrorClass::Overloaded => "overloaded",
            ErrorClass::Rejected => "rejected",
            ErrorClass::Protocol => "protocol",
            ErrorClass::RunEnded => "run-ended",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
