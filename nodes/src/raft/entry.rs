//! What a log holds.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kv::Input;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The term of the leader that made it.
    pub term: u64,
    /// What it holds; shared, because it lies in the log, in messages and in writes at once.
    pub payload: Arc<Payload>,
}

/// What an entry holds. Variants are only ever added, at the end: their order is the format.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Payload {
    /// Nothing: the first entry of a leader's term.
    NoOp,
    /// A step of the state machine.
    Input(Input),
}

impl Entry {
    /// Roughly how many bytes it occupies in a message.
    pub(super) fn bytes(&self) -> usize {
        match &*self.payload {
            Payload::NoOp => 8,
            Payload::Input(input) => input.bytes(),
        }
    }

    /// Session and sequence of the command it holds, zeros if it holds none.
    pub(super) fn origin(&self) -> (u64, u64) {
        match &*self.payload {
            Payload::NoOp => (0, 0),
            Payload::Input(input) => input.origin(),
        }
    }
}

/// The end of a log, or of a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Index of the last entry; 0 before the first.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// Digest chained over it and all before it.
    pub digest: u64,
}

impl Position {
    /// Whether a log that ends with this index and term is at least as up to date as one that ends
    /// here: the paper, §5.4.1.
    pub(super) fn is_covered_by(&self, index: u64, term: u64) -> bool {
        (term, index) >= (self.term, self.index)
    }
}
